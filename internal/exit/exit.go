// Package exit holds the exit codes, one table for every applet, as an error
// type. Scripts rely on the numbers: they never change meaning.
package exit

import (
	"errors"
	"fmt"
	"syscall"
)

// Code is a process exit status.
type Code int

// The exit codes of every applet.
const (
	OK              Code = 0   // done, everything was delivered, the condition holds
	No              Code = 1   // the answer is no
	Usage           Code = 2   // bad flag, bad address, conflicting options
	NoName          Code = 3   // a name did not resolve
	Unreachable     Code = 4   // refused or unreachable; serve: bind or listen failed
	ConnectTimeout  Code = 5   // connecting took too long
	Handshake       Code = 6   // TLS or proxy handshake failed
	Broken          Code = 7   // reset, or our bytes were not all delivered
	TimedOut        Code = 8   // idle timeout, deadline, or dead peer
	Local           Code = 9   // stdout full, no descriptors, no permission, a file
	Expectation     Code = 10  // connect: an expectation failed
	WaitDeadline    Code = 124 // probe wait: the deadline passed
	NotExecutable   Code = 126 // PROGRAM or CMD is not executable
	NotFound        Code = 127 // PROGRAM or CMD was not found
	signalBase      Code = 128
	tableSignalName      = "128+n"
)

// Signal is the code of a process that signal s ended.
func Signal(s syscall.Signal) Code { return signalBase + Code(s) }

// Error is an error that knows its exit code.
type Error struct {
	Code Code
	Err  error  // what went wrong, nil for a bare status that needs no message
	Hint string // what the user can do about it, or empty
}

// Error returns the message of the wrapped error.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", int(e.Code))
	}
	return e.Err.Error()
}

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// With wraps err with a code. It returns nil when err is nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Errorf is fmt.Errorf with a code.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// Hint adds advice to err, keeping its code and message. It returns nil when
// err is nil.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Error{Code: Of(err), Err: err, Hint: hint}
}

// Status is a code without a message: the applet has already said what there
// is to say, or there is nothing to say.
func Status(code Code) error {
	if code == OK {
		return nil
	}
	return &Error{Code: code}
}

// Of returns the code of err: OK for nil, Local for an error that carries none.
func Of(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Local
}

// Row is one line of the table that --help and the README show.
type Row struct {
	Code    string
	Meaning string
}

// Table returns the exit codes in the words that users see.
func Table() []Row {
	return []Row{
		{"0", "done, and everything was delivered / the condition holds"},
		{"1", "the answer is no (probe: target down, unexpected answer, a threshold broke)"},
		{"2", "usage: bad flag, bad address, conflicting options"},
		{"3", "a name did not resolve"},
		{"4", "refused or unreachable; serve: bind or listen failed"},
		{"5", "connecting took too long"},
		{"6", "TLS or proxy handshake failed"},
		{"7", "the connection broke: reset, or our bytes were not all delivered"},
		{"8", "idle timeout, deadline, or dead peer"},
		{"9", "local trouble: stdout full, no descriptors, no permission, a file"},
		{"10", "connect: an expectation failed"},
		{"124", "probe wait: the deadline passed"},
		{"126", "PROGRAM or CMD is not executable"},
		{"127", "PROGRAM or CMD was not found"},
		{tableSignalName, "ended by signal n"},
	}
}

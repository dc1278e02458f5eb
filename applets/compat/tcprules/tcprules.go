// Package tcprules answers to tcprules(1): rules of text become a database that
// tcpserver(1) asks.
package tcprules

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"nettool/internal/cli"
	"nettool/internal/tcprules"
	"nettool/internal/ucspi"
)

// The exit codes of tcprules.
const (
	wrong  = 100 // the command line, or a line of the rules
	failed = 111 // the system
)

// failure is what could not be done, in tcprules' words.
type failure struct {
	what string
	err  error
}

func (f *failure) Error() string { return f.what + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Run is tcprules CDB TMP < RULES.
func Run(call *cli.Call, args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(call.Stderr, "tcprules: usage: tcprules rules.cdb rules.tmp")
		return wrong
	}
	err := replace(args[0], args[1], call.Stdin)
	if err == nil {
		return 0
	}
	code, text := describe(err)
	fmt.Fprintf(call.Stderr, "tcprules: fatal: unable to %s\n", text)
	return code
}

func describe(err error) (code int, text string) {
	if line, ok := errors.AsType[*tcprules.LineError](err); ok {
		text, _, _ := strings.Cut(line.Line, "\x00")
		return wrong, "parse this line: " + text
	}
	what := "read input"
	if f, ok := errors.AsType[*failure](err); ok {
		what = f.what
	}
	return failed, what + ": " + reason(err)
}

// reason is the system's, or ours for a limit.
func reason(err error) string {
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return ucspi.Reason(err)
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// replace puts the database of rules in the place of cdb: all of it, or nothing. tmp,
// which has to be on the same file system, is left behind after an error.
func replace(cdb, tmp string, rules io.Reader) error {
	file, err := os.OpenFile(tmp, createFlags, 0o644)
	if err != nil {
		return &failure{"create " + tmp, err}
	}
	err = tcprules.Compile(file, rules)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return whose(err, tmp)
	}
	err = os.Rename(tmp, cdb)
	if errors.Is(err, fs.ErrExist) {
		err = syscall.EISDIR // which os.Rename has another word for
	}
	if err != nil {
		return &failure{"move " + tmp + " to " + cdb, err}
	}
	return nil
}

// whose tells failures of tmp from those of the rules.
func whose(err error, tmp string) error {
	_, line := errors.AsType[*tcprules.LineError](err)
	_, read := errors.AsType[*tcprules.ReadError](err)
	if line || read {
		return err
	}
	return &failure{"write to " + tmp, err}
}

package transfer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Conn is the connection that files go over. Reads and writes may go on at the same
// time.
type Conn interface {
	io.Reader
	io.Writer
	CloseRead() error // a blocked Read returns
}

// LineError is a line that does not belong to the protocol, or not there.
type LineError struct{ Err error }

// Error says what is wrong with it.
func (e *LineError) Error() string { return "not of " + Magic[:len(Magic)-1] + ": " + e.Err.Error() }

// Unwrap is what is wrong with it.
func (e *LineError) Unwrap() error { return e.Err }

// ErrCut is a connection that has ended before all was said.
var ErrCut = errors.New("the connection has ended too early")

// readLine reads one line. io.EOF is the end before it.
func readLine(r *bufio.Reader) (line, error) {
	text, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(text) > longestLine:
		return nil, &LineError{fmt.Errorf("a line of more than %d bytes", longestLine)}
	case err == io.EOF && len(text) > 0:
		return nil, ErrCut
	case err != nil:
		return nil, err
	}
	l, err := parse(string(text[:len(text)-1]))
	if err != nil {
		return nil, &LineError{err}
	}
	return l, nil
}

// unexpected is the error of a line that does not belong there.
func unexpected(l line) error {
	return &LineError{fmt.Errorf("%q does not belong here", clip(string(l.append(nil))))}
}

// cut is what the end of a connection is where more was to come.
func cut(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return err
}

// answering is a reader that has all answers sent before it waits for what comes
// next: many go in one packet when what they answer has come in one.
type answering struct {
	from io.Reader
	to   *bufio.Writer
}

func (a *answering) Read(b []byte) (int, error) {
	if err := a.to.Flush(); err != nil {
		return 0, err
	}
	return a.from.Read(b)
}

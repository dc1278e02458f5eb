package tcprules

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"nettool/internal/cdb"
)

// MaxLine is the longest line of rules, in bytes.
const MaxLine = 1 << 20

// LineError is a line that is no rule, without the blanks at its end.
type LineError struct {
	Line string
	Err  error
}

// Error says where and why.
func (e *LineError) Error() string { return fmt.Sprintf("rule %q: %v", e.Line, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// ReadError is a failure to read the rules.
type ReadError struct{ Err error }

// Error returns the reason.
func (e *ReadError) Error() string { return "read rules: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ReadError) Unwrap() error { return e.Err }

// ErrLongLine is the reason of a ReadError.
var ErrLongLine = errors.New("a line is longer than 1 MiB")

// Compile makes the database of rules, byte for byte that of tcprules(1), which is in
// w, at its start, if there is no error. Errors are *LineError, *ReadError, or those of
// w and the database.
//
// A line is a rule if it has a colon and does not start with "#". Blanks at its end do
// not count.
func Compile(w io.WriteSeeker, rules io.Reader) error {
	m, err := cdb.NewMaker(w)
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(rules, MaxLine)
	for more := true; more; {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF:
			more = false
		case err == bufio.ErrBufferFull:
			return &ReadError{ErrLongLine}
		case err != nil:
			return &ReadError{err}
		}
		if err := addLine(m, strings.TrimRight(string(line), " \t\n")); err != nil {
			return err
		}
	}
	return m.Finish()
}

func addLine(m *cdb.Maker, line string) error {
	address, instructions, found := strings.Cut(line, ":")
	if !found || line[0] == '#' {
		return nil
	}
	rule, err := ParseRule(instructions, nil)
	if err != nil {
		return &LineError{line, err}
	}
	addresses, err := Addresses(address)
	if err != nil {
		return &LineError{line, err}
	}
	value := rule.Append(nil)
	for _, a := range addresses {
		if err := m.Add([]byte(a), value); err != nil {
			return err
		}
	}
	return nil
}

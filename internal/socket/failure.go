package socket

import (
	"fmt"
	"strings"
	"time"

	"nettool/internal/exit"
)

// Attempt is one candidate that did not connect.
type Attempt struct {
	Addr    string // IP:PORT, or a unix path
	Err     error
	Elapsed time.Duration
}

// DialError is the failure of every attempt at one target, in the order in which
// they started.
type DialError struct {
	Target   string
	Attempts []Attempt
}

// Error returns one line per address tried:
// "connect 192.0.2.7:443: connection refused after 3 ms".
func (e *DialError) Error() string {
	lines := make([]string, len(e.Attempts))
	for i, a := range e.Attempts {
		lines[i] = fmt.Sprintf("connect %s: %s after %s", a.Addr, Reason(a.Err), Brief(a.Elapsed))
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors of all the attempts.
func (e *DialError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// code is the exit code that the attempts add up to: what the network said
// counts for more than local trouble.
func (e *DialError) code() exit.Code {
	code := exit.Local
	for _, a := range e.Attempts {
		switch ClassOf(a.Err) {
		case Timeout:
			return exit.ConnectTimeout
		case Refused, Unreachable, Reset, Unclassified:
			code = exit.Unreachable
		}
	}
	return code
}

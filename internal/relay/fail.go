package relay

import (
	"errors"
	"io"
	"syscall"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// Reasons for a goroutine to end that are not failures.
var (
	errStopped = errors.New("stopped")
	errQuit    = errors.New("quit")
	errDone    = errors.New("done")
)

// errLost is the failure of a session whose bytes did not all arrive.
var errLost = errors.New("the peer did not take everything")

// errPeerEnded is the same where the peer's end was the reason.
var errPeerEnded = errors.New("the peer ended its side before all was sent, which ended ours")

// goOn is what can be done about errPeerEnded.
const goOn = "if the peer still reads, --full-duplex goes on sending after its end"

// localError is a failure at our own end of the session.
type localError struct {
	verb string // readStdin or writeStdout
	err  error
}

const (
	readStdin   = "read standard input"
	writeStdout = "write standard output"
)

func (e *localError) Error() string { return e.verb + ": " + e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// brokenReason is the Reason of a connection that failed with err.
func brokenReason(err error) string {
	class := socket.ClassOf(err)
	switch {
	case class == socket.Reset:
		return ReasonReset
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonTruncated
	case socket.DeadPeer(err):
		return ReasonDeadPeer
	case class == socket.Refused:
		return ReasonRefused
	}
	return ReasonError
}

// brokenError gives the failure of a connection its exit code, in the field's
// short words.
func brokenError(err error) error {
	code := exit.Broken
	switch brokenReason(err) {
	case ReasonDeadPeer:
		code = exit.TimedOut
	case ReasonRefused:
		code = exit.Unreachable
	}
	return exit.With(code, &connError{err})
}

// connError is a failure of the connection without the addresses that package
// net repeats in its messages.
type connError struct{ err error }

func (e *connError) Unwrap() error { return e.err }

func (e *connError) Error() string {
	switch {
	case errors.Is(e.err, syscall.EPIPE):
		return "the peer closed the connection while we were sending"
	case errors.Is(e.err, io.ErrUnexpectedEOF):
		return "the TLS stream was cut off: the peer ended the connection without close_notify"
	case brokenReason(e.err) == ReasonDeadPeer:
		return "the peer vanished: " + innermost(e.err).Error()
	}
	return innermost(e.err).Error()
}

// innermost is the system's own error, or the TLS alert.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

package attempt

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"syscall"

	"nettool/internal/exit"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// unexpected is the error of an answer that was not the expected one. got is what
// was received.
type unexpected struct {
	outcome Outcome
	got     []byte
}

func (e *unexpected) Error() string { return e.outcome.String() }

// quoted shows a few bytes from the network. Empty stays empty.
func quoted(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	const most = 60
	if len(b) > most {
		return `got "` + report.Escape(string(b[:most])) + `"…`
	}
	return `got "` + report.Escape(string(b)) + `"`
}

// classify names the outcome of an attempt that failed in phase p.
func classify(ctx context.Context, p Phase, err error) (o Outcome, errno, detail string) {
	if errors.Is(context.Cause(ctx), context.Canceled) || errors.Is(err, context.Canceled) {
		return Cancelled, "", ""
	}
	if answer, ok := errors.AsType[*unexpected](err); ok {
		return answer.outcome, "", quoted(answer.got)
	}
	if code, ok := errors.AsType[errStatus](err); ok {
		return Mismatch, "", code.Error()
	}
	if big, ok := errors.AsType[*tooBig](err); ok {
		return Unreachable, socket.ErrnoName(syscall.EMSGSIZE), big.Error()
	}
	number, _ := errors.AsType[syscall.Errno](err)
	errno = socket.ErrnoName(number)
	class := socket.ClassOf(err)
	switch {
	case class == socket.Local, isOurs(err):
		return LocalError, errno, socket.Reason(err)
	case p == DNS:
		return DNSError, "", socket.Reason(err)
	case class != socket.Unclassified:
		return outcomeOf(class), errno, detailOf(class, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ClosedEarly, "", ""
	case p == Handshake:
		return TLSError, "", err.Error()
	}
	return LocalError, "", socket.Reason(err)
}

// isOurs reports whether somebody has found out already that an error is this
// machine's.
func isOurs(err error) bool {
	e, ok := errors.AsType[*exit.Error](err)
	return ok && e.Code == exit.Local
}

// outcomeOf returns the outcome that a class of errors stands for.
func outcomeOf(c socket.Class) Outcome {
	switch c {
	case socket.Refused:
		return Refused
	case socket.Timeout:
		return Timeout
	case socket.Unreachable:
		return Unreachable
	case socket.Reset:
		return Reset
	}
	return LocalError
}

// detailOf returns the reason where the outcome's name does not say it already.
func detailOf(c socket.Class, err error) string {
	if c == socket.Unreachable || errors.Is(err, fs.ErrNotExist) {
		return socket.Reason(err)
	}
	return ""
}

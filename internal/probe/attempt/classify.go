package attempt

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// unexpected is an answer that is not the one that was waited for. got is what
// came, cut short.
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
	number, _ := errors.AsType[syscall.Errno](err)
	errno = errnoName(number)
	switch {
	case isLocal(number):
		return LocalError, errno, socket.Reason(err)
	case p == DNS:
		return DNSError, "", socket.Reason(err)
	case timedOut(err):
		return Timeout, errno, ""
	case number != 0:
		return ofErrno(number), errno, detailOf(number, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ClosedEarly, "", ""
	case p == Handshake:
		return TLSError, "", err.Error()
	}
	return LocalError, "", socket.Reason(err)
}

// detailOf leaves out what the outcome's name says already.
func detailOf(number syscall.Errno, err error) string {
	if o := ofErrno(number); o == Unreachable || o == LocalError || errors.Is(err, fs.ErrNotExist) {
		return socket.Reason(err)
	}
	return ""
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return false // judged by its number
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

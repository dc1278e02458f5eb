package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Reason returns err in the field's short words, without the wrapping that the
// net package adds: "connection refused", "connection reset by peer", "no route
// to host", "timed out", "no such host". It returns "" for nil.
func Reason(err error) string {
	var dns *net.DNSError
	var option *optionError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &option):
		return option.Error()
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &dns):
		return reasonOfLookup(dns)
	case isTimeout(err):
		return "timed out"
	case errors.Is(err, net.ErrClosed):
		return "closed"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "closed by the peer too early"
	}
	return reasonOfErrno(err)
}

func reasonOfLookup(err *net.DNSError) string {
	switch {
	case err.IsTimeout:
		return "timed out"
	case err.IsNotFound:
		return "no such host"
	default:
		return err.Err
	}
}

func reasonOfErrno(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return shortReason(errno)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}

// isTimeout reports whether err is a timeout: the kernel's, or a deadline of ours or
// the caller's. EAGAIN, which Go counts among timeouts, is none.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errTimedOut) {
		return true
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return false
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// Brief returns a duration in the short form of messages: "0.3 ms", "12 ms",
// "1.5 s".
func Brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// optionError is a socket option that could not be set.
type optionError struct {
	name string
	err  error
}

func (e *optionError) Error() string { return "set " + e.name + ": " + reasonOfErrno(e.err) }
func (e *optionError) Unwrap() error { return e.err }

// FailedOption reports whether err is that of an option that could not be set, and which.
func FailedOption(err error) (name string, ok bool) {
	option, ok := errors.AsType[*optionError](err)
	if !ok {
		return "", false
	}
	return option.name, true
}

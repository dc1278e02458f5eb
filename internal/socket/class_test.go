package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"nettool/internal/exit"
)

// TestClassOf: what an error is about, and what an attempt to connect that ends
// with it makes the exit code.
func TestClassOf(t *testing.T) {
	t.Parallel()
	unix := func(e syscall.Errno) error { return &net.OpError{Op: "dial", Net: "unix", Err: e} }
	for _, test := range []struct {
		err  error
		want Class
		code exit.Code
	}{
		{errRefused, Refused, exit.Unreachable},
		{errTimedOut, Timeout, exit.ConnectTimeout},
		{errAddrInUse, Local, exit.Local},
		{errAddrNotAvail, Local, exit.Local},
		{errNoFamily, Local, exit.Local},
		{os.NewSyscallError("connect", errRefused), Refused, exit.Unreachable},
		{os.ErrDeadlineExceeded, Timeout, exit.ConnectTimeout},
		{context.DeadlineExceeded, Timeout, exit.ConnectTimeout},
		{context.Canceled, Unclassified, exit.Unreachable},
		{io.ErrUnexpectedEOF, Unclassified, exit.Unreachable},
		{errors.New("an alert"), Unclassified, exit.Unreachable},
		{&optionError{"SO_MARK", syscall.ENOENT}, Local, exit.Local},
		{syscall.EACCES, Unreachable, exit.Unreachable}, // ICMPv6
		{&net.OpError{Op: "dial", Net: "tcp6", Err: syscall.EACCES}, Unreachable, exit.Unreachable},
		{unix(syscall.EACCES), Local, exit.Local},
		{&net.OpError{Op: "dial", Net: "udp", Err: syscall.EACCES}, Local, exit.Local},
	} {
		if got := ClassOf(test.err); got != test.want {
			t.Errorf("%v: class %d, want %d", test.err, got, test.want)
		}
		if got := (&DialError{Attempts: []Attempt{{Err: test.err}}}).code(); got != test.code {
			t.Errorf("%v: code %d, want %d", test.err, got, test.code)
		}
	}
}

func TestErrnoName(t *testing.T) {
	t.Parallel()
	for e, want := range map[syscall.Errno]string{0: "", errRefused: "ECONNREFUSED", errTimedOut: "ETIMEDOUT", 9999: "errno 9999"} {
		if got := ErrnoName(e); got != want {
			t.Errorf("%d: %q, want %q", int(e), got, want)
		}
	}
}

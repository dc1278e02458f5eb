//go:build unix

package attempt

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/relay"
	"nettool/internal/socket"
)

// brokenConn is a TCP connection whose reads fail.
type brokenConn struct {
	net.Conn
	err error
}

func (c brokenConn) Read([]byte) (int, error)         { return 0, c.err }
func (c brokenConn) Close() error                     { return nil }
func (c brokenConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c brokenConn) SetWriteDeadline(time.Time) error { return nil }

// TestOneClassPerErrno: an error number means the same to a probe, to a
// handler's connection and to one of connect, each in its own words.
func TestOneClassPerErrno(t *testing.T) {
	t.Parallel()
	type words struct {
		outcome Outcome
		handler string
		relay   string
		code    exit.Code // of connect, once connected
	}
	in := map[socket.Class]words{
		socket.Refused:     {Refused, "error", relay.ReasonRefused, exit.Unreachable}, // a handler has no datagrams
		socket.Timeout:     {Timeout, "dead_peer", relay.ReasonDeadPeer, exit.TimedOut},
		socket.Unreachable: {Unreachable, "dead_peer", relay.ReasonDeadPeer, exit.TimedOut},
		socket.Reset:       {Reset, "reset", relay.ReasonReset, exit.Broken},
		socket.Local:       {LocalError, "error", relay.ReasonError, exit.Broken},
	}
	for _, test := range []struct {
		errno syscall.Errno
		class socket.Class
		name  string
	}{
		{syscall.ECONNREFUSED, socket.Refused, "ECONNREFUSED"},
		{syscall.ENOENT, socket.Refused, "ENOENT"},
		{syscall.ETIMEDOUT, socket.Timeout, "ETIMEDOUT"},
		{syscall.EAGAIN, socket.Timeout, "EAGAIN"},
		{syscall.EHOSTUNREACH, socket.Unreachable, "EHOSTUNREACH"},
		{syscall.ENETUNREACH, socket.Unreachable, "ENETUNREACH"},
		{syscall.EHOSTDOWN, socket.Unreachable, "EHOSTDOWN"},
		{syscall.ENETDOWN, socket.Unreachable, "ENETDOWN"},
		{syscall.ENOPROTOOPT, socket.Unreachable, "ENOPROTOOPT"},
		{syscall.EACCES, socket.Unreachable, "EACCES"},
		{syscall.ECONNRESET, socket.Reset, "ECONNRESET"},
		{syscall.ECONNABORTED, socket.Reset, "ECONNABORTED"},
		{syscall.EPIPE, socket.Reset, "EPIPE"},
		{syscall.EMFILE, socket.Local, "EMFILE"},
		{syscall.ENFILE, socket.Local, "ENFILE"},
		{syscall.ENOMEM, socket.Local, "ENOMEM"},
		{syscall.ENOBUFS, socket.Local, "ENOBUFS"},
		{syscall.EPERM, socket.Local, "EPERM"},
		{syscall.EADDRINUSE, socket.Local, "EADDRINUSE"},
		{syscall.EADDRNOTAVAIL, socket.Local, "EADDRNOTAVAIL"},
		{syscall.EAFNOSUPPORT, socket.Local, "EAFNOSUPPORT"},
		{syscall.EINVAL, socket.Local, "EINVAL"},
		{syscall.EPROTOTYPE, socket.Local, "EPROTOTYPE"},
		{syscall.ENOTDIR, socket.Local, "ENOTDIR"},
	} {
		want := in[test.class]
		err := os.NewSyscallError("read", test.errno)
		outcome, errno, _ := classify(t.Context(), Connected, err)
		if outcome != want.outcome || errno != test.name {
			t.Errorf("%s: outcome %v, errno %s; want %v", test.name, outcome, errno, want.outcome)
		}
		if reason, _ := handler.ReasonOf(err); reason.String() != want.handler {
			t.Errorf("%s: a handler's reason is %v, want %s", test.name, reason, want.handler)
		}
		result, err := (&relay.Session{Conn: brokenConn{err: err}}).Run(t.Context())
		if result.Reason != want.relay || exit.Of(err) != want.code {
			t.Errorf("%s: connect's reason is %s, code %d; want %s, %d", test.name, result.Reason, exit.Of(err), want.relay, want.code)
		}
	}
}

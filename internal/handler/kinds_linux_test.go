package handler

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

func kinds() []kind { return []kind{raw("raw", false), raw("raw-nonblocking", true), timed()} }

// raw is a connection of a child: a descriptor, blocking as a server leaves it,
// or not, as another may.
func raw(name string, nonblocking bool) kind {
	return kind{name, func(t *testing.T, c *net.TCPConn, limits handoff.Limits) Conn {
		var fd int
		sc, err := c.SyscallConn()
		if err == nil {
			sc.Control(func(p uintptr) { fd, err = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) })
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Close() // the copy is the only one, as in a child
		if err := unix.SetNonblock(fd, nonblocking); err != nil {
			t.Fatal(err)
		}
		return owned{NewRaw(fd, limits, time.Now(), new(handoff.Activity))}
	}}
}

// owned closes its descriptor, as the caller of a handler does.
type owned struct{ *Raw }

func (c owned) Close() error { return unix.Close(c.fd) }

func TestPollTimeout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		left time.Duration
		want int
	}{
		{1, 1},
		{time.Millisecond, 1},
		{time.Millisecond + 1, 2},
		{time.Second, 1000},
		{30 * 24 * time.Hour, 1<<31 - 1}, // more than poll(2) takes
		{1<<63 - 1, 1<<31 - 1},
	} {
		if got := pollTimeout(test.left); got != test.want {
			t.Errorf("%v: %d, want %d", test.left, got, test.want)
		}
	}
}

package relay

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// until waits for an event that only its state shows.
func until(t *testing.T, happened func() bool) {
	for end := time.Now().Add(time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("what was awaited did not happen")
			return
		}
	}
}

// The peer's end must be seen when it is all that is left and the pipe is full:
// splice(2) then says EAGAIN because of the pipe.
func TestEndBehindFullPipe(t *testing.T) {
	t.Parallel()
	r, w := rawPipe(t, false)
	c, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 4096) })
	s := &Session{In: file(t, nil), Out: w}
	s.Conn = dialled(t, func(c *net.TCPConn) {
		c.Write([]byte("this fills the one page of the pipe"))
		until(t, func() bool { in, _ := s.Counts(); return in == 35 })
		c.CloseWrite()
		io.Copy(io.Discard, c)
	})
	go func() {
		until(t, s.counts.outBlocked.Load) // the end has been seen, and waits for room
		io.Copy(io.Discard, r)
	}()
	res, err := ended(t, s)
	w.Close()
	if err != nil || res.BytesIn != 35 {
		t.Fatal(res, err)
	}
}

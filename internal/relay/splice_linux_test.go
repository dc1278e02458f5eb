package relay

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
	conn := dialled(t, func(c *net.TCPConn) {
		c.Write([]byte("this fills the one page of the pipe"))
		time.Sleep(20 * time.Millisecond) // how this peer behaves: its end comes later
		c.CloseWrite()
		io.Copy(io.Discard, c)
	})
	go func() {
		time.Sleep(60 * time.Millisecond) // a reader that is slow
		io.Copy(io.Discard, r)
	}()
	res, err := (&Session{Conn: conn, In: file(t, nil), Out: w}).Run(t.Context())
	w.Close()
	if err != nil || res.BytesIn != 35 {
		t.Fatal(res, err)
	}
}

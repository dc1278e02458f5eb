package handler

import (
	"cmp"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// errParted is the end of a wait by the end of who is on the other side of a relay.
var errParted = errors.New("the other side is over")

// relay moves bytes between a connection and a program, each way in a goroutine of
// its own.
type relay struct {
	session *Session
	raw     *Raw // what the connection is above, or is
	program *Raw // leads to the program

	mu   sync.Mutex
	over bool // what goes wrong from now on is our own doing
	err  error
}

// Relay moves bytes between the connection of a session and the program at the other
// end of a stream socket (unix(7)), until both have ended. raw is what is below the
// connection, or the connection itself; fd stays the caller's. The end of what the
// client says is passed on, but not a failure: whoever has another copy of fd ends
// the program before that sees an end.
func Relay(s *Session, raw *Raw, fd int) error {
	r := &relay{session: s, raw: raw, program: raw.beside(fd)}
	raw.partner = &partner{fd: fd, of: unix.POLLIN, over: func(int16) bool { return true }} // a program that is gone reads no more
	r.program.partner = &partner{fd: raw.fd, of: unix.POLLOUT, over: r.lost}
	var both sync.WaitGroup
	both.Go(r.up)
	r.down()
	both.Wait()
	return r.err
}

// beside is the socket at the other side of a relay. Bytes that come from there keep
// the connection from being idle, and are not the client's.
func (c *Raw) beside(fd int) *Raw {
	t := *c.timers
	t.layered = true
	return &Raw{fd: fd, timers: &t}
}

// lost reports whether there is no more client to write for. One that has ended both
// its sides in order is none: what it has said is yet to be written.
func (r *relay) lost(events int16) bool { return r.failed() || events&unix.POLLERR != 0 }

// up moves what the client says.
func (r *relay) up() {
	buf := borrow()
	defer func() { release(buf) }()
	for {
		n, err := r.session.Conn.Read(buf)
		count(r.session.In, n)
		if n > 0 {
			if _, werr := r.program.Write(buf[:n]); werr != nil {
				r.unwritten(werr)
				return
			}
		}
		switch {
		case err == io.EOF && r.reset():
			r.fail(os.NewSyscallError("read", unix.ECONNRESET))
			return
		case err == io.EOF:
			r.program.CloseWrite()
			return
		case err != nil:
			if !r.raw.partner.parted {
				r.fail(err)
			}
			return
		}
		buf = grown(buf, n)
	}
}

// reset reports whether what looks like the client's end is none: another call has had
// the error of its connection. One that has closed in order has our end acknowledged.
func (r *relay) reset() bool {
	info, ok := socket.InfoFD(r.raw.fd)
	return ok && info.State == socket.TCPClose && !info.FINAcked()
}

// unwritten is the end of a client's way when the program has not taken all. One that
// reads no more may say something still.
func (r *relay) unwritten(err error) {
	switch {
	case isExpired(err):
		r.fail(err)
	case err == errParted:
		code, _ := unix.GetsockoptInt(r.raw.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		r.fail(os.NewSyscallError("write", cmp.Or(unix.Errno(code), unix.ECONNRESET)))
	}
}

// down moves what the program says.
func (r *relay) down() {
	buf := borrow()
	defer func() { release(buf) }()
	for {
		n, err := r.program.Read(buf)
		if n > 0 {
			if n, err = r.session.Conn.Write(buf[:n]); n > 0 {
				count(r.session.Out, n)
			}
			if err != nil {
				r.fail(err)
				return
			}
			buf = grown(buf, n)
			continue
		}
		if err != io.EOF && !errors.Is(err, unix.ECONNRESET) { // with bytes that it has not read
			r.fail(err)
			return
		}
		if !r.failed() {
			if err := r.session.Conn.CloseWrite(); err != nil {
				r.fail(err)
			}
		}
		return
	}
}

// fail ends the session with an error, the first one, and what the other direction
// waits for.
func (r *relay) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.over, r.err = true, err
	unix.Shutdown(r.raw.fd, unix.SHUT_RDWR)
	r.program.CloseRead() // the program does not see that
}

func (r *relay) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

package handler

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// junction joins the sockets of a client and a backend, which do not block, in one
// thread.
type junction struct {
	client, backend end
	up, down        rawFlow
	timers          *timers
	forward         *Forward
	err             error // the backend does not take the client's bytes; what it has said may be on its way
}

// end is a socket of a junction.
type end struct {
	fd   int
	side handoff.Side
	hung bool // poll(2) says again and again that it is over
}

// rawFlow is one direction.
type rawFlow struct {
	from, to *end
	in, out  *atomic.Int64 // what is counted as it is read, or written; or nil
	heard    func()        // for each read
	wants    int16         // POLLIN of from or POLLOUT of to: what it waits for
	ended    bool          // from has ended
	over     bool          // that was passed on, or it was given up

	buf   []byte // borrowed, or nil
	start int    // of what is to be written
	stop  int
	pipe  pipe // while left is not zero
	left  int  // bytes in it
	bulk  bool // goes through a pipe
}

// steps is how often one direction moves bytes before the other's turn.
const steps = 16

func newJunction(s *Session, c *Raw, backend int) *junction {
	j := &junction{
		client:  end{fd: c.fd, side: handoff.Client},
		backend: end{fd: backend, side: handoff.Backend},
		timers:  c.timers,
		forward: s.Forward,
	}
	j.up = rawFlow{from: &j.client, to: &j.backend, in: s.In, heard: c.timers.received}
	j.down = rawFlow{from: &j.backend, to: &j.client, out: s.Out, heard: c.timers.active, wants: unix.POLLIN}
	return j
}

// run moves bytes both ways until both have ended. An error resets the client's
// connection, so that it does not take what it has for all there was; a timer's
// resets the backend's only.
func (j *junction) run() error {
	side, err := j.move()
	if err == nil {
		err = j.err
	}
	if err == nil {
		return nil
	}
	j.forward.Side = sideOf(err, side)
	j.up.drop()
	j.down.drop()
	reset(j.backend.fd)
	if !isExpired(err) {
		if j.forward.Side == handoff.Backend {
			deliver(func() (int, error) { return socket.Outq(j.client.fd) })
		}
		reset(j.client.fd)
	}
	return err
}

// move runs until both directions are over, or an error ends them.
func (j *junction) move() (handoff.Side, error) {
	ready := false // down has nothing to do yet
	for {
		if side, err := j.advance(&j.up); err != nil {
			return side, err
		}
		if ready {
			if side, err := j.advance(&j.down); err != nil {
				return side, err
			}
		}
		if j.up.over && j.down.over {
			return handoff.Backend, nil
		}
		if side, err := j.wait(); err != nil {
			return side, err
		}
		ready = true
	}
}

// advance moves bytes of one direction until it would wait.
func (j *junction) advance(f *rawFlow) (handoff.Side, error) {
	f.wants = 0
	for range steps {
		if f.over || f.wants != 0 {
			return handoff.Neither, nil
		}
		if f.pending() {
			if err := j.write(f); err != nil {
				return f.to.side, err
			}
			continue
		}
		if f.ended {
			f.pass()
			continue
		}
		if err := j.read(f); err != nil {
			return f.from.side, err
		}
	}
	if f.wants == 0 && !f.over { // more to do, after the other
		f.wants = unix.POLLIN
		if f.pending() || f.ended {
			f.wants = unix.POLLOUT
		}
	}
	return handoff.Neither, nil
}

// pending reports whether there are bytes to write.
func (f *rawFlow) pending() bool { return f.stop > f.start || f.left > 0 }

// pass passes the end on.
func (f *rawFlow) pass() {
	unix.Shutdown(f.to.fd, unix.SHUT_WR)
	f.over = true
	f.drop()
}

// drop ends the use of the buffer and the pipe, whatever is in them.
func (f *rawFlow) drop() {
	if f.buf != nil {
		release(f.buf)
		f.buf = nil
	}
	if f.left > 0 {
		f.pipe.give(f.left)
	}
	f.start, f.stop, f.left = 0, 0, 0
}

// read reads what there is.
func (j *junction) read(f *rawFlow) error {
	n, err := f.fetch()
	switch {
	case err == unix.EAGAIN:
		f.wants = unix.POLLIN
		return nil
	case err == unix.EINTR:
		return nil
	case err != nil:
		return os.NewSyscallError("read", err)
	case n == 0:
		f.ended = true
		if j.forward.Side == handoff.Neither {
			j.forward.Side = f.from.side
		}
		return nil
	}
	count(f.in, n)
	f.heard()
	return nil
}

// fetch reads into a pipe or a buffer, of which there is none while the direction
// waits.
func (f *rawFlow) fetch() (n int, err error) {
	if f.bulk {
		if f.pipe, err = takePipe(); err == nil {
			if n, err = f.pipe.fill(f.from.fd); n > 0 {
				f.left = n
				return n, nil
			}
			f.pipe.give(0)
			return n, err
		}
		f.bulk = false // out of descriptors
	}
	buf := borrow()
	if n, err = unix.Read(f.from.fd, buf); n <= 0 {
		release(buf)
		return n, err
	}
	f.buf, f.start, f.stop = buf, 0, n
	f.bulk = n == len(buf)
	return n, nil
}

// write writes what is pending. What the backend does not take any more is given up,
// with what would follow.
func (j *junction) write(f *rawFlow) error {
	n, err := f.put()
	switch {
	case err == unix.EAGAIN:
		f.wants = unix.POLLOUT
		return nil
	case err == unix.EINTR:
		return nil
	case err != nil && f == &j.up:
		j.err, f.over = os.NewSyscallError("write", err), true
		j.forward.Side = handoff.Backend
		f.drop()
		return nil
	case err != nil:
		return os.NewSyscallError("write", err)
	}
	count(f.out, n)
	j.timers.active()
	return nil
}

// put writes from the pipe or the buffer.
func (f *rawFlow) put() (n int, err error) {
	if f.left > 0 {
		if n, err = f.pipe.drain(f.to.fd, f.left); n > 0 {
			if f.left -= n; f.left == 0 {
				f.pipe.give(0)
			}
		}
		return n, err
	}
	n, err = unix.SendmsgN(f.to.fd, f.buf[f.start:f.stop], nil, nil, unix.MSG_NOSIGNAL)
	if n > 0 {
		f.start += n
	}
	if f.start == f.stop {
		short := f.stop < len(f.buf) // there is no more for now, most likely
		release(f.buf)
		f.buf, f.start, f.stop = nil, 0, 0
		if short {
			f.wants = unix.POLLIN
		}
	}
	return n, err
}

// wait waits until something can be moved.
func (j *junction) wait() (handoff.Side, error) {
	fds := []unix.PollFd{j.interest(&j.client, &j.up, &j.down), j.interest(&j.backend, &j.down, &j.up)}
	for {
		timeout := -1
		at := j.timers.writeDeadline()
		if !at.when.IsZero() {
			left := time.Until(at.when)
			if left <= 0 && at.final() {
				return handoff.Neither, at.err
			}
			timeout = pollTimeout(max(left, 0))
		}
		n, err := unix.Poll(fds, timeout)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return handoff.Neither, os.NewSyscallError("poll", err)
		case n > 0:
			return j.broken(fds)
		case !at.when.IsZero() && !time.Now().Before(at.when):
			return handoff.Neither, at.err
		}
	}
}

// interest is what to wait for at an end: for bytes of the direction that comes from
// it, for room of the one that goes there, and, if nothing else, for its failure.
func (j *junction) interest(e *end, from, to *rawFlow) unix.PollFd {
	p := unix.PollFd{Fd: int32(e.fd)}
	if !from.over {
		p.Events |= from.wants & unix.POLLIN
	}
	if !to.over {
		p.Events |= to.wants & unix.POLLOUT
	}
	if p.Events == 0 && (e.hung || (from.over || from.ended) && to.over) {
		p.Fd = -1
	}
	return p
}

// broken looks for a failure that neither direction would meet for now. The client's
// ends all. The backend's is left to who reads from it, since what it has said
// before counts.
func (j *junction) broken(fds []unix.PollFd) (handoff.Side, error) {
	for i, e := range []*end{&j.client, &j.backend} {
		if fds[i].Revents&(unix.POLLERR|unix.POLLHUP) == 0 {
			continue
		}
		e.hung = true
		if e == &j.backend && !j.down.ended {
			continue
		}
		if errno, err := unix.GetsockoptInt(e.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != 0 {
			return e.side, os.NewSyscallError("read", unix.Errno(errno))
		}
	}
	return handoff.Neither, nil
}

// reset has a socket's peer see a reset when it is closed: SO_LINGER, socket(7).
func reset(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

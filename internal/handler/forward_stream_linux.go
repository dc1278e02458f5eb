package handler

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// patiently does what waits in the poller, whose deadline set is, until a timer
// really ends it: the other direction may have put it off.
func (t *timers) patiently(set func(time.Time) error, do func() error) error {
	if !t.set {
		return do()
	}
	for {
		at := t.writeDeadline()
		set(at.when)
		err := do()
		if later := t.writeDeadline(); !at.expired(err) || !later.when.After(at.when) {
			return at.explain(err)
		}
	}
}

// spliced is one direction between two sockets. While it waits it has no buffer and
// no pipe. Once a buffer was full, bytes go through a pipe.
type spliced struct {
	*streamFlow
	source, sink syscall.RawConn
	bulk         bool
	buf          []byte // what was read, or
	pipe         pipe   // what is in it
	n            int
}

// splice moves bytes until their end or an error. It returns nil when it cannot
// splice, and nothing was moved.
func (f *streamFlow) splice() (handoff.Side, error) {
	from, ok1 := f.from.(syscall.Conn)
	to, ok2 := f.to.(syscall.Conn)
	if !ok1 || !ok2 {
		return handoff.Neither, nil
	}
	source, err1 := from.SyscallConn()
	sink, err2 := to.SyscallConn()
	if err1 != nil || err2 != nil {
		return handoff.Neither, nil
	}
	s := &spliced{streamFlow: f, source: source, sink: sink}
	for {
		if err := s.take(); err != nil {
			return f.fromSide, err
		}
		if err := s.put(); err != nil {
			return f.toSide, err
		}
	}
}

// take waits for bytes.
func (s *spliced) take() error {
	var failure error
	err := s.timers.patiently(s.from.SetReadDeadline, func() error {
		return s.source.Read(func(fd uintptr) bool {
			s.n, failure = s.fetch(int(fd))
			return failure != unix.EAGAIN
		})
	})
	switch {
	case err != nil:
		return err
	case failure != nil:
		return os.NewSyscallError("read", failure)
	case s.n == 0:
		return io.EOF
	}
	count(s.in, s.n)
	if s.client {
		s.timers.received()
	} else {
		s.timers.active()
	}
	return nil
}

// fetch reads what there is, into a pipe or into a buffer, which it has only then.
func (s *spliced) fetch(fd int) (n int, err error) {
	if s.bulk {
		if s.pipe, err = takePipe(); err == nil {
			if n, err = s.pipe.fill(fd); n <= 0 {
				s.pipe.give(0)
			}
			return n, err
		}
		s.bulk = false // out of descriptors
	}
	s.buf = borrow()
	for {
		n, err = unix.Read(fd, s.buf)
		if err != unix.EINTR {
			break
		}
	}
	if n <= 0 {
		release(s.buf)
		s.buf = nil
	}
	return n, err
}

// put writes what was read.
func (s *spliced) put() error {
	if s.buf == nil {
		return s.pour()
	}
	err := s.send(s.buf[:s.n])
	s.bulk = s.n == len(s.buf)
	release(s.buf)
	s.buf = nil
	return err
}

// pour empties the pipe.
func (s *spliced) pour() error {
	left := s.n
	defer func() { s.pipe.give(left) }()
	for left > 0 {
		var n int
		var failure error
		err := s.timers.patiently(s.to.SetWriteDeadline, func() error {
			return s.sink.Write(func(fd uintptr) bool {
				n, failure = s.pipe.drain(int(fd), left)
				return failure != unix.EAGAIN
			})
		})
		if err == nil && failure != nil {
			err = os.NewSyscallError("write", failure)
		}
		if err != nil {
			return err
		}
		left -= n
		count(s.out, n)
		s.timers.active()
	}
	return nil
}

// watch looks, in a goroutine, at the client while somebody connects for it, and
// ends that when the client goes away or a timer runs out.
func watch(client StreamConn, t *timers, cancel context.CancelCauseFunc) (stop func()) {
	conn, ok := client.(syscall.Conn)
	if !ok {
		return func() {}
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return func() {}
	}
	w := &streamWatch{raw: raw, client: client, presence: presence{timers: t, events: unix.POLLIN | unix.POLLRDHUP}}
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := w.run(); err != nil {
			cancel(err)
		}
	}()
	return func() {
		w.stopped.Store(true)
		client.SetReadDeadline(time.Unix(1, 0))
		<-over
		client.SetReadDeadline(time.Time{})
	}
}

// streamWatch waits in Go's poller for a change of the client's.
type streamWatch struct {
	presence
	raw     syscall.RawConn
	client  StreamConn
	stopped atomic.Bool
}

// run returns why to connect no more, or nil once it is stopped.
func (w *streamWatch) run() error {
	for {
		at := w.expiry()
		w.client.SetReadDeadline(at.when)
		if w.stopped.Load() { // before us; else it comes after us
			return nil
		}
		var gone error
		err := w.raw.Read(func(fd uintptr) bool {
			changed := false
			changed, gone = w.look(int(fd), 0)
			return gone != nil || changed || w.stopped.Load()
		})
		switch {
		case w.stopped.Load():
			return nil
		case gone != nil:
			return gone
		case errors.Is(err, os.ErrDeadlineExceeded):
			if now := w.expiry(); !now.when.IsZero() && !now.when.After(time.Now()) {
				return now.err
			}
		case err != nil:
			return err
		}
	}
}

package handler

import (
	"errors"
	"io"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// Raw is a connected socket driven by blocking system calls: no poller, no
// goroutines, no buffers of its own. It applies the connection's timers.
type Raw struct {
	fd       int
	timers   *timers
	deadline time.Time // of reads, as SetReadDeadline says

	partner *partner // whose end ends waits, or nil
}

// partner is another socket of a relay. Waits to read, or to write, end with it.
type partner struct {
	fd     int
	of     int16 // unix.POLLIN or unix.POLLOUT: what is waited for
	over   func(events int16) bool
	parted bool // it is over
	alone  bool // it has no more to say, and that is not the end
}

// NewRaw wraps descriptor fd, which the caller still owns and closes. accepted
// is when the connection came in; activity is written as bytes pass.
func NewRaw(fd int, limits handoff.Limits, accepted time.Time, activity *handoff.Activity) *Raw {
	return &Raw{fd: fd, timers: newTimers(limits, accepted, activity)}
}

// Read reads what there is: io.EOF at the peer's end, *Expired when a timer
// ended the wait.
func (c *Raw) Read(b []byte) (int, error) {
	for {
		if c.bounded() {
			if err := c.await(unix.POLLIN); err != nil {
				return 0, err
			}
		}
		n, err := unix.Read(c.fd, b)
		switch {
		case n > 0:
			c.timers.received()
			return n, nil
		case n == 0 && err == nil:
			return 0, io.EOF
		case err == unix.EAGAIN:
			if err := c.await(unix.POLLIN); err != nil {
				return 0, err
			}
		case err != unix.EINTR:
			return 0, os.NewSyscallError("read", err)
		}
	}
}

// Write writes all of b, or says why not.
func (c *Raw) Write(b []byte) (int, error) {
	flags := unix.MSG_NOSIGNAL
	if c.timers.set || c.watches(unix.POLLOUT) {
		flags |= unix.MSG_DONTWAIT // wait in poll, where the timers can end it
	}
	total := 0
	for total < len(b) {
		if err := c.overdue(); err != nil {
			return total, err
		}
		n, err := unix.SendmsgN(c.fd, b[total:], nil, nil, flags)
		switch {
		case err == nil:
			total += n
			c.timers.active()
		case err == unix.EAGAIN:
			if err := c.await(unix.POLLOUT); err != nil {
				return total, err
			}
		case err != unix.EINTR:
			return total, os.NewSyscallError("write", err)
		}
	}
	return total, nil
}

// overdue is the error of a timer that has expired although the peer takes all
// that we send.
func (c *Raw) overdue() error {
	if !c.timers.set {
		return nil
	}
	if at := c.timers.writeDeadline(); !at.when.IsZero() && !time.Now().Before(at.when) {
		return at.err
	}
	return nil
}

// bounded reports whether reads must wait in poll.
func (c *Raw) bounded() bool {
	return c.timers.set || !c.deadline.IsZero() || c.watches(unix.POLLIN)
}

// watches reports whether a wait for events ends with the partner.
func (c *Raw) watches(events int16) bool {
	p := c.partner
	return p != nil && p.of == events && !p.alone
}

// expiry is when a wait for events ends, as things stand now.
func (c *Raw) expiry(events int16) expiry {
	if events == unix.POLLOUT {
		return c.timers.writeDeadline()
	}
	return c.timers.readDeadline(c.deadline)
}

// await waits for events until a timer expires; an error event ends the wait,
// too.
func (c *Raw) await(events int16) error {
	for {
		timeout := -1
		var expired error
		if at := c.expiry(events); !at.when.IsZero() {
			left := time.Until(at.when)
			if left <= 0 && at.final() {
				return at.err
			}
			if timeout = pollTimeout(max(left, 0)); left <= 0 {
				expired = at.err // unless something is there already: it may have waited for us
			}
		}
		fds := []unix.PollFd{{Fd: int32(c.fd), Events: events}, {Fd: -1}}
		if c.watches(events) {
			fds[1].Fd = int32(c.partner.fd)
		}
		n, err := unix.Poll(fds, timeout)
		switch {
		case err != nil && err != unix.EINTR:
			return os.NewSyscallError("poll", err)
		case fds[1].Revents != 0 && c.partner.over(fds[1].Revents):
			c.partner.parted = true
			return errParted
		case fds[1].Revents != 0:
			c.partner.alone = true
		case n > 0:
			return nil
		}
		if expired != nil {
			return expired
		}
	}
}

// final reports whether the wait ends even if there is something to read or room
// to write.
func (e *expiry) final() bool {
	expired, ok := errors.AsType[*Expired](e.err)
	return !ok || expired.Reason == handoff.MaxTime
}

// pollTimeout is a wait in milliseconds, rounded up, as poll(2) takes it: an
// int of 32 bits. A longer wait is made of several.
func pollTimeout(left time.Duration) int {
	return int(min((left-1)/time.Millisecond+1, math.MaxInt32))
}

// Beneath is Layered's.
func (c *Raw) Beneath() (heard func()) { return c.timers.beneath() }

// CloseWrite ends our side: the peer sees EOF.
func (c *Raw) CloseWrite() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_WR))
}

// CloseRead ends the peer's side: a blocked Read returns.
func (c *Raw) CloseRead() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_RD))
}

// SetReadDeadline bounds later reads: os.ErrDeadlineExceeded when t has come.
func (c *Raw) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

package handler

import (
	"errors"
	"os"
	"time"

	"nettool/internal/handoff"
)

// StreamConn is a connection of Go's poller with half-close, such as
// *net.TCPConn and *net.UnixConn.
type StreamConn interface {
	Conn
	SetWriteDeadline(t time.Time) error
}

// Timed applies the timers of a connection that runs in the server's own
// process. Without timers it returns c itself. The caller still owns c. activity is
// written as bytes pass.
func Timed(c StreamConn, limits handoff.Limits, accepted time.Time, activity *handoff.Activity) Conn {
	if limits == (handoff.Limits{}) {
		return c
	}
	return &timedConn{StreamConn: c, timers: newTimers(limits, accepted, activity)}
}

// timedConn sets the poller's deadlines before each read and write.
type timedConn struct {
	StreamConn
	timers   *timers
	deadline time.Time
	backend  bool // no peer of ours: what it says is not the client's first byte
}

func (c *timedConn) Read(b []byte) (int, error) {
	for {
		at := c.timers.readDeadline(c.deadline)
		c.StreamConn.SetReadDeadline(at.when)
		n, err := c.StreamConn.Read(b)
		if n > 0 {
			c.heard()
			return n, nil
		}
		if later := c.timers.readDeadline(c.deadline); !at.expired(err) || !later.when.After(at.when) {
			return n, at.explain(err)
		}
	}
}

// heard notes a byte that was read.
func (c *timedConn) heard() {
	if c.backend {
		c.timers.active()
		return
	}
	c.timers.received()
}

// Write writes in pieces, so that a slow but living peer is not idle.
func (c *timedConn) Write(b []byte) (int, error) {
	total := 0
	for total < len(b) {
		at := c.timers.writeDeadline()
		c.StreamConn.SetWriteDeadline(at.when)
		n, err := c.StreamConn.Write(b[total:min(len(b), total+smallBuffer)])
		total += n
		if n > 0 {
			c.timers.active()
		}
		if later := c.timers.writeDeadline(); err != nil && (!at.expired(err) || !later.when.After(at.when)) {
			return total, at.explain(err)
		}
	}
	return total, nil
}

// Beneath is Layered's.
func (c *timedConn) Beneath() (heard func()) { return c.timers.beneath() }

// SetReadDeadline bounds later reads.
func (c *timedConn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

// expired reports whether err is the poller's deadline.
func (e expiry) expired(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// explain says which timer a poller's deadline was.
func (e expiry) explain(err error) error {
	if e.expired(err) {
		return e.err
	}
	return err
}

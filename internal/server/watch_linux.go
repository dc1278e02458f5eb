package server

import (
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// watch applies the timers to a connection that a program owns: TCP's own
// counters tell whether bytes have passed, so none is touched. It looks only
// when a timer could have expired.
type watch struct {
	r    *programRunner
	p    *program
	next *timer

	received uint64    // bytes when it looked last
	acked    uint64    // bytes when it looked last
	last     time.Time // the last byte, as far as is known
	born     time.Time
}

// begin starts the timers of a program's connection.
func (w *watch) begin(r *programRunner, p *program) {
	if r.s.cfg.Limits == (handoff.Limits{}) {
		return
	}
	w.r, w.p = r, p
	w.born = time.Now().Add(-time.Duration(handoff.Now() - p.conn.accepted))
	w.last = w.born
	w.look()
}

// end stops the timers.
func (w *watch) end(l *loop) {
	l.cancel(w.next)
	w.next = nil
}

// look ends the connection when a timer has expired, or else comes back when the
// next one could have.
func (w *watch) look() {
	limits := w.r.s.cfg.Limits
	info, tcp := socket.InfoFD(w.p.conn.fd)
	now := time.Now()
	w.note(&info, now)
	var due deadline
	due.consider(w.born, limits.MaxTime, handoff.MaxTime)
	if tcp {
		due.consider(w.last, limits.Idle, handoff.Idle)
	}
	if tcp && info.BytesReceived == 0 {
		due.consider(w.born, limits.FirstByte, handoff.FirstByte)
	}
	switch {
	case due.when.IsZero():
	case due.when.After(now):
		w.next = w.r.s.loop.after(due.when.Sub(now), w.look)
	default:
		w.r.s.expire(w.p.conn, due.reason)
	}
}

// note remembers when the last byte passed. What is sent again is not counted.
func (w *watch) note(info *socket.TCPInfo, now time.Time) {
	if info.BytesReceived != w.received {
		w.received = info.BytesReceived
		w.passed(now.Add(-info.LastDataRecv))
	}
	if info.BytesAcked != w.acked {
		w.acked = info.BytesAcked
		w.passed(now.Add(-info.LastAckRecv))
	}
}

func (w *watch) passed(at time.Time) {
	if at.After(w.last) {
		w.last = at
	}
}

// deadline is the timer that expires first. The zero value is none.
type deadline struct {
	when   time.Time
	reason handoff.Reason
}

func (d *deadline) consider(from time.Time, limit time.Duration, reason handoff.Reason) {
	if limit <= 0 {
		return
	}
	if when := from.Add(limit); d.when.IsZero() || when.Before(d.when) {
		d.when, d.reason = when, reason
	}
}

// expire ends a connection whose socket we have a duplicate of: the program sees
// its end, then, if it does not go, SIGTERM and SIGKILL.
func (s *server) expire(c *conn, reason handoff.Reason) {
	if c.force && c.forced.Timer() {
		return
	}
	c.force, c.forced = true, reason
	unix.Shutdown(c.fd, unix.SHUT_RDWR)
	s.insist(c, unix.SIGTERM)
}

// insist signals a connection's process group if it is still there after
// kill-after, and the same again with SIGKILL.
func (s *server) insist(c *conn, sig unix.Signal) {
	s.loop.after(s.cfg.KillAfter, func() {
		if s.conns[c.id] != c {
			return
		}
		s.runner.signal(c, sig)
		if sig != unix.SIGKILL {
			s.insist(c, unix.SIGKILL)
		}
	})
}

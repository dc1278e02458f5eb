//go:build !portable

package program

import (
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/socket"
)

// watch applies the timers to a connection that a program owns: TCP's own
// counters tell whether bytes have passed, so none is touched. It looks only
// when a timer could have expired.
type watch struct {
	r    *Runner
	p    *program
	next *loop.Timer

	received uint64 // bytes when it looked last
	acked    uint64 // bytes when it looked last
	born     time.Time
	activity handoff.Activity
}

// begin starts the timers of a program's connection.
func (w *watch) begin(r *Runner, p *program) {
	if r.cfg.Limits == (handoff.Limits{}) {
		return
	}
	w.r, w.p = r, p
	w.born = time.Now().Add(-time.Duration(handoff.Now() - p.conn.Accepted))
	w.look()
}

// end stops the timers.
func (w *watch) end(l *loop.Loop) {
	l.Cancel(w.next)
	w.next = nil
}

// look ends the connection when a timer has expired, or else comes back when the
// next one could have.
func (w *watch) look() {
	limits := w.r.cfg.Limits
	info, tcp := socket.InfoFD(w.p.conn.FD)
	now := time.Now()
	w.note(&info, now)
	if !tcp { // nobody counts the bytes
		limits.Idle, limits.FirstByte = 0, 0
	}
	if in, _ := w.p.account.octets(&info, 0); in > 0 { // the peer's FIN is no byte
		w.activity.Hear()
	}
	at, reason := w.activity.Expires(limits)
	switch left := at - now.Sub(w.born); {
	case at == 0:
	case left > 0:
		w.next = w.r.loop.After(left, w.look)
	default:
		w.r.host.Expire(w.p.conn, reason)
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
	if since := at.Sub(w.born); since > w.activity.Last() {
		w.activity.Moved(since)
	}
}

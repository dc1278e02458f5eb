//go:build !portable

package pool

import (
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/run"
)

// verdict is what was decided about the anonymous connection that a child has.
type verdict struct {
	given bool
	cause admit.Cause // why it is turned away
}

// asked decides about the connection whose header a child has read. That is all
// that a child can say about a source: once, of a connection that it has.
func (p *Pool) asked(w *worker, m *handoff.Ask) {
	c := w.conn
	h, ok := m.Received()
	switch {
	case c == nil || p.busy[c] != w || !c.Anonymous || w.verdict.given || m.ID != c.ID:
		p.breach(w, "the source of a connection that it was not asked for")
	case !ok:
		p.breach(w, "a source that no header has")
	case p.cfg.Next != nil && !c.Relayed && !w.child.Finished():
		p.breach(w, "a source, and keeps the connection")
	case p.cfg.Next != nil && !c.Relayed:
		p.prepared(w, h)
	case !c.Forced(): // else it ends
		p.answer(w, h)
	}
}

// answer lets a child run the connection, or has it let go.
func (p *Pool) answer(w *worker, h proxy.Received) {
	c := w.conn
	w.verdict = verdict{true, p.host.Identify(c, h)}
	w.since = time.Now()
	if err := w.child.Answer(&handoff.Verdict{ID: c.ID, Cause: string(w.verdict.cause)}); err != nil {
		p.died(w)
		return
	}
	if w.verdict.cause == admit.None {
		p.open(c)
	}
}

// prepared passes a connection on that its child is done with.
func (p *Pool) prepared(w *worker, h proxy.Received) {
	c, r := w.conn, w.child.Take()
	p.release(w)
	c.PID = 0
	if c.Forced() {
		p.turnAway(c, verdict{}, &r)
		return
	}
	if cause := p.host.Identify(c, h); cause != admit.None {
		p.host.TurnAway(c, cause, "")
		return
	}
	p.cfg.Next(c)
}

// turnAway ends a connection that has stayed anonymous: r is what its child says.
func (p *Pool) turnAway(c *run.Conn, v verdict, r *handoff.Result) {
	switch {
	case c.Forced():
		c.Close()
		p.host.Ended(c, closed(c, r))
	case v.cause != admit.None:
		p.host.TurnAway(c, v.cause, "")
	default:
		p.host.TurnAway(c, admit.Proxy, r.Error)
	}
}

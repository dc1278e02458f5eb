//go:build !portable

package pool

import "nettool/internal/server/run"

// Owns reports whether a process is a child of the pool.
func (p *Pool) Owns(pid int) bool {
	for w := range p.children {
		if w.child.PID == pid {
			return true
		}
	}
	return false
}

// Left is how many children there are.
func (p *Pool) Left() int { return len(p.idle) + len(p.busy) + p.starting + p.dying }

// Inspect reads the live counts from the pages of the busy children. What waits
// for a child has none yet.
func (p *Pool) Inspect(visit func(*run.Conn, run.Live)) {
	for _, w := range p.busy {
		l := run.Live{PID: w.child.PID, Counted: true}
		l.BytesIn, l.BytesOut = w.child.Page().Counts()
		l.Ends = w.conn.Ends()
		visit(w.conn, l)
	}
	for _, c := range p.pending {
		visit(c, run.Live{Counted: true})
	}
}

// Gauge fills in how many children there are.
func (p *Pool) Gauge(g *run.Gauges) {
	g.Waiting, g.Idle, g.Busy, g.Starting = len(p.pending), len(p.idle), len(p.busy), p.starting
}

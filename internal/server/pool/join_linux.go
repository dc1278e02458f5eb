//go:build !portable

package pool

import (
	"nettool/internal/handoff"
	"nettool/internal/server/run"
)

// begin has the program run of a connection that can begin, as its child says. It can
// say that once, of a connection that it has.
func (p *Pool) begin(w *worker, m *handoff.Secured) {
	c := w.conn
	switch {
	case c == nil || p.busy[c] != w || m.ID != c.ID || p.cfg.Next == nil || !c.Relayed || c.Anonymous || w.begun:
		p.breach(w, "a handshake of a connection that it was not asked for")
	case !m.TLS.Sane():
		p.breach(w, "a handshake that cannot be")
	default:
		w.begun = true
		if c.TLS {
			c.Secured = &m.TLS
		}
		p.cfg.Next(c)
	}
}

// Join gives the child that has a connection the socket that leads to its program,
// which stays the caller's. It is false when there is no such child any more.
func (p *Pool) Join(c *run.Conn, fd int) bool {
	w := p.busy[c]
	if w == nil || w.retired {
		return false
	}
	if err := w.child.Join(&handoff.Joined{ID: c.ID}, fd); err != nil {
		p.died(w)
		return false
	}
	return true
}

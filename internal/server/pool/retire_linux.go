//go:build !portable

package pool

import "time"

// Retire keeps no spares any more.
func (p *Pool) Retire() {
	p.retiring = true
	p.loop.Cancel(p.tick)
	p.tick = nil
	p.ask(true)
	p.Collect()
}

// retireIdle ends idle children until keep are left, the ones that waited
// longest first.
func (p *Pool) retireIdle(keep int) {
	for len(p.idle) > keep {
		w := p.idle[0]
		p.idle = p.idle[1:]
		p.bury(w, false)
	}
}

// trim retires children beyond the spares that have waited long.
func (p *Pool) trim() {
	p.trimmer = nil
	cutoff := time.Now().Add(-idleFor)
	for len(p.idle) > p.cfg.Spare && p.idle[0].since.Before(cutoff) {
		p.retireIdle(len(p.idle) - 1)
	}
	p.scheduleTrim()
}

func (p *Pool) scheduleTrim() {
	if p.trimmer == nil && len(p.idle) > p.cfg.Spare && !p.retiring {
		p.trimmer = p.loop.After(idleFor/2, p.trim)
	}
}

// spread is a child's own --max-requests: a tenth more or less, so that they do
// not all end together.
func (p *Pool) spread() uint64 {
	n := p.cfg.MaxRequests
	if n < 10 {
		return uint64(max(n, 1))
	}
	p.serial++
	return uint64(n - n/10 + (p.serial*37)%(n/5+1))
}

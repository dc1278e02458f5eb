package server

import (
	"time"

	"nettool/internal/handoff"
)

// The process models answer the admin pages from their event loop.

// ask runs fn in the loop, and waits for it a moment.
func (s *server) ask(fn func()) bool {
	done := make(chan struct{})
	s.loop.post(func() {
		fn()
		close(done)
	})
	select {
	case <-done:
		return true
	case <-s.stopped:
	case <-time.After(patience):
	}
	return false
}

func (s *server) counted() *counts { return &s.counts }

func (s *server) listening() []string {
	texts := make([]string, len(s.listeners))
	for i, l := range s.listeners {
		texts[i] = AddrText(l.addr)
	}
	return texts
}

func (s *server) gauges() gauges {
	s.runner.collect()
	g := gauges{state: s.state(), open: len(s.conns), limit: s.door.Limit()}
	s.runner.gauge(&g)
	return g
}

// state is how far the server is, in a word.
func (s *server) state() string {
	switch {
	case s.lifecycle.draining || s.lifecycle.leave:
		return "draining"
	case !s.lifecycle.ready:
		return "starting"
	case s.cfg.Reject && s.door.Full():
		return "full"
	}
	return "ready"
}

func (p *pool) gauge(g *gauges) {
	g.waiting, g.idle, g.busy, g.starting = len(p.pending), len(p.idle), len(p.busy), p.starting
}

func (r *programRunner) gauge(g *gauges) {
	g.starting = len(r.queue)
	g.waiting = g.starting
	g.busy = len(r.running) - g.starting
}

// opened notes that a process has the connection that was accepted then, by
// CLOCK_MONOTONIC.
func (c *counts) opened(accepted int64) {
	if c.handoff != nil {
		c.handoff.Observe(time.Duration(handoff.Now() - accepted))
	}
}

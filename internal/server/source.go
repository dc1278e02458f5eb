package server

import (
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/run"
	"nettool/internal/server/status"
	"nettool/internal/server/upgrade"
)

// Ask runs fn in the loop, and waits for it a moment.
func (s *Server) Ask(fn func()) bool {
	done := make(chan struct{})
	s.loop.Post(func() {
		fn()
		close(done)
	})
	select {
	case <-done:
		return true
	case <-s.stopped:
	case <-time.After(status.Patience):
	}
	return false
}

// Counts is what the server has counted.
func (s *Server) Counts() *status.Counts { return s.counts }

// History is the last two minutes.
func (s *Server) History() *status.History { return &s.history }

// sample takes a sample for the history, now and every second.
func (s *Server) sample() {
	if s.cfg.Admin != nil {
		s.history.Note(s.counts, len(s.conns))
		s.loop.After(time.Second, s.sample)
	}
}

// Gauges are the numbers that go up and down.
func (s *Server) Gauges() run.Gauges {
	s.runner.Collect()
	g := run.Gauges{State: s.state(), Open: len(s.conns), Limit: s.admission.Limit()}
	s.runner.Gauge(&g)
	return g
}

// state is how far the server is, in a word.
func (s *Server) state() string {
	switch {
	case s.phase == starting:
		return "starting"
	case !s.accepts() || s.leaving:
		return "draining"
	case s.cfg.Reject && s.admission.Full():
		return "full"
	}
	return "ready"
}

// Older is the image that the server has taken over from, as long as it lives.
func (s *Server) Older() (upgrade.Older, bool) { return s.upgrader.Older() }

// Table is every connection as it is now, the oldest first.
func (s *Server) Table() []run.Live {
	s.runner.Collect()
	now := handoff.Now()
	all := make([]run.Live, 0, len(s.conns))
	visit := func(c *run.Conn, l run.Live) {
		s.talks.Inspect(c, &l)
		l.ID, l.Remote, l.Local, l.Via, l.User = c.ID, c.Remote.Text, c.Local.Text, c.Via, c.Remote.User
		l.To = s.backends.text(c)
		l.Age = time.Duration(now - c.Accepted)
		all = append(all, l)
	}
	s.runner.Inspect(visit)
	s.talks.Visit(visit)
	return status.ByAge(all)
}

package server

// The in-process model answers the admin pages under its lock.

func (s *inProcess) ask(fn func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
	return true
}

func (s *inProcess) counted() *counts { return &s.counts }

func (s *inProcess) listening() []string { return textsOf(addrsOf(s.listeners)) }

func (s *inProcess) gauges() gauges {
	g := gauges{state: "ready", open: len(s.live), limit: s.door.Limit()}
	switch {
	case s.draining || s.leaving:
		g.state = "draining"
	case s.cfg.Reject && s.door.Full():
		g.state = "full"
	}
	return g
}

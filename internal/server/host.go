package server

import (
	"log/slog"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// The server is the host of whatever runs its connections.
var _ run.Host = (*Server)(nil)

// Opened notes that a connection is being run.
func (s *Server) Opened(c *run.Conn) {
	s.counts.Opened(c.Accepted)
	s.cfg.Log.Detail("open", c.OpenAttrs(s.cfg.handlerName())...)
}

// Ended frees a connection's slot and writes its closing record.
func (s *Server) Ended(c *run.Conn, e run.Ending) {
	if !s.forget(c) {
		return
	}
	s.talks.Ended(c, &e)
	turnedAway := s.unreached(c, &e)
	s.last = e
	if turnedAway {
		return
	}
	s.counts.Ended(&e)
	if e.Reason == handoff.TLS {
		s.sayFailure(c, &e)
		return
	}
	s.cfg.Log.Event("close", e.Attrs(s.cfg.handlerName())...)
}

// forget frees what a connection has. It is false for one that has none any more.
func (s *Server) forget(c *run.Conn) bool {
	if s.conns[c.ID] != c {
		return false
	}
	s.named(c)
	delete(s.conns, c.ID)
	s.admission.leave(c.Ticket)
	s.backends.leave(c)
	s.depot.Ended(c)
	return true
}

// Loop is the server's event loop.
func (s *Server) Loop() *loop.Loop { return s.loop }

// Limit is how many connections there may be.
func (s *Server) Limit() int { return s.admission.Limit() }

// Waiting reports whether connections wait for a slot.
func (s *Server) Waiting() bool {
	return s.accepting.resting > 0 || len(s.accepting.backlog) > 0 || len(s.meetings.open) > 0
}

// Short says once that something has run out.
func (s *Server) Short(doing string, err error) {
	if !s.accepting.shortages.said(doing) {
		s.cfg.Log.Error(doing, err)
	}
}

// Spawned counts a process that has started, or could not be.
func (s *Server) Spawned(err error) {
	if err != nil {
		s.counts.SpawnFailures++
		return
	}
	s.counts.Spawned++
}

// Fail ends the server: no connection can be run any more.
func (s *Server) Fail(err error) { s.fail(exit.With(exit.Local, err)) }

// ChildExit writes down that a child has ended by itself.
func (s *Server) ChildExit(attrs ...slog.Attr) {
	s.counts.ChildExits++
	s.cfg.Log.Event("child_exit", attrs...)
}

package server

import (
	"log/slog"
	"net/netip"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
)

// accepting is why the listeners are polled or not.
type accepting struct {
	full      fullness
	exhausted bool // out of descriptors or memory: waiting
	backoff   time.Duration
	shortages shortages
	rejects   rejects
	reserve   reserve
	batch     int            // connections that one listener brings in before the loop looks at anything else
	resting   int            // listeners that still bring in what had connected before the drain
	backlog   []*loop.Socket // drain: accepted, no slot yet
}

// acceptBatch is the usual batch.
const acceptBatch = 64

// updatePolling polls the listeners if, and only if, connections can be taken.
func (s *Server) updatePolling() {
	want := s.accepts() && !s.complete() && !s.accepting.exhausted && (s.cfg.Reject || !s.blocked())
	for _, l := range s.listeners {
		if err := l.Poll(want); err != nil {
			s.exhausted("poll listener", err)
		}
	}
}

// blocked reports whether a connection that came in now could not be run.
func (s *Server) blocked() bool { return s.admission.Full() || s.runner.Stuck() }

// accept takes connections from a listener until it has no more, or the server
// takes no more.
func (s *Server) accept(l *loop.Listener) {
	for range s.accepting.batch {
		if !s.accepts() || s.complete() || s.accepting.exhausted || (!s.cfg.Reject && s.blocked()) {
			return
		}
		if !s.acceptOne(l) {
			return
		}
	}
}

// acceptOne takes one connection; more is false when there is none now.
func (s *Server) acceptOne(l *loop.Listener) (more bool) {
	sock, err := l.Accept()
	if err != nil {
		return s.acceptFailed(l, err)
	}
	s.accepting.backoff = 0
	if s.cfg.Reject && s.runner.Stuck() {
		s.refuse(sock, admit.Resources)
	} else {
		s.letIn(sock)
	}
	return true
}

// letIn has the connection run, or turns it away.
func (s *Server) letIn(sock *loop.Socket) {
	source := sock.Remote.Addr.Addr()
	header, welcome := s.cfg.Proxy.expects(source)
	if !welcome {
		s.refuse(sock, admit.Proxy)
		return
	}
	if header {
		source = netip.Addr{} // the header will tell
	}
	ticket, cause := s.admission.enter(source)
	if cause != admit.None {
		s.refuse(sock, cause)
		return
	}
	if s.cfg.Clients.any() {
		s.meet(sock, ticket)
		return
	}
	s.admit(sock, ticket, header, handoff.Named{})
}

// refuse turns a connection away.
func (s *Server) refuse(sock *loop.Socket, cause admit.Cause) {
	s.rejected(sock, cause)
	s.loop.Refuse(sock, s.refusal(sock), cause != admit.Resources)
}

// rejected writes down that a connection was turned away; more is what there is to
// say of it.
func (s *Server) rejected(sock *loop.Socket, cause admit.Cause, more ...slog.Attr) {
	if cause == admit.Full {
		s.accepting.full.enter(s.cfg.Log, s.admission.Live())
	}
	s.counts.Rejected[cause]++
	if s.accepting.rejects.add(sock, cause, more...) {
		s.loop.After(rejectInterval, s.accepting.rejects.sum)
	}
}

// refusal is what a client hears that is turned away: nothing when it waits for a
// handshake.
func (s *Server) refusal(sock *loop.Socket) string {
	if sock.TLS {
		return ""
	}
	return s.cfg.RejectMessage
}

// acceptFailed says whether to go on after an accept failed with err.
func (s *Server) acceptFailed(l *loop.Listener, err error) (more bool) {
	switch {
	case err == loop.ErrNone:
		return false
	case loop.NoDescriptors(err) && s.cfg.Reject && s.turnAway(l):
		return true
	case loop.Exhausted(err):
		s.exhausted("accept", err)
		return false
	case loop.Dead(err):
		s.fail(err)
		return false
	}
	return true // the connection died in the backlog
}

// turnAway accepts one connection with the reserve's place and closes it. It
// returns false when that was not possible.
func (s *Server) turnAway(l *loop.Listener) bool {
	s.accepting.reserve.close()
	defer func() { s.accepting.reserve = newReserve() }()
	sock, err := l.AcceptNow()
	if err != nil {
		return false
	}
	s.refuse(sock, admit.Resources)
	return true
}

// exhausted stops accepting for a while.
func (s *Server) exhausted(doing string, err error) {
	a := &s.accepting
	if a.exhausted {
		return
	}
	s.Short(doing, err)
	a.backoff = loop.Longer(a.backoff)
	a.exhausted = true
	s.loop.After(a.backoff, func() { a.exhausted = false })
}

// settle acts on what the turn of the loop has changed: what waits for a slot
// gets one, what was admitted is run, and the listeners are polled or not. The
// callbacks of a turn only note what happened, so none of them meets another
// half done.
func (s *Server) settle() {
	a := &s.accepting
	for {
		for len(a.backlog) > 0 && !s.admission.Full() && !a.exhausted {
			sock := a.backlog[0]
			a.backlog = a.backlog[1:]
			s.letIn(sock)
		}
		s.runner.Flush()
		if len(a.backlog) == 0 || s.admission.Full() || a.exhausted {
			break
		}
	}
	s.updateFull()
	s.updatePolling()
	if s.phase == handedOver {
		s.tellSuccessor()
	}
}

// updateFull notes whether there is a free slot.
func (s *Server) updateFull() {
	full := &s.accepting.full
	switch {
	case !s.admission.Full():
		if full.leave(s.cfg.Log) {
			s.loop.After(steady, func() {}) // settle comes after it
		}
	case full.on:
		full.again()
	case !s.cfg.Reject && (s.phase == starting || s.accepts()):
		full.enter(s.cfg.Log, s.admission.Live())
	}
}

package server

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/server/talk"
	"nettool/internal/socket"
)

// Datagrams says how those are served that come to addresses with udp:.
type Datagrams struct {
	Idle    time.Duration // ends a conversation that has been quiet for so long; zero is no limit
	Wait    bool          // a program has the socket itself, until it ends
	Join    []socket.Group
	Answers admit.Limit // of built-ins, to all sources together
	Source  admit.Limit // of built-ins, to one source
}

// Pairs reports whether conversations can be run by programs, and forwarded.
const Pairs = talk.Pairs

// HasDatagrams reports whether there is an address of datagrams.
func (c *Config) HasDatagrams() bool { return slices.ContainsFunc(c.Addrs, socket.Addr.Packet) }

// newTalks makes what serves datagrams, or nil.
func (s *Server) newTalks() *talk.Talks {
	c := s.cfg
	if !c.HasDatagrams() {
		return nil
	}
	cfg := talk.Config{Idle: c.Datagrams.Idle, MaxTime: c.Limits.MaxTime, QuitOn: c.QuitOn, Wait: c.Datagrams.Wait}
	cfg.Forward, cfg.Source = len(c.Forward.To) > 0, c.Forward.Source
	if len(c.Program) == 0 {
		cfg.Answers = admit.NewAnswers(c.Datagrams.Answers, c.Datagrams.Source, c.Admission.Prefix, c.Rules.Allow)
		cfg.Answer, _ = handler.AnswerOf(c.Handler)
	}
	return talk.New(cfg, s)
}

// listenPacket opens the datagram sockets of one address.
func (s *Server) listenPacket(ctx context.Context, a socket.Addr) error {
	if err := s.cfg.CheckSources(a.Network == "unixgram"); err != nil {
		return err
	}
	some, err := s.upgrader.ListenPacket(ctx, a, s.cfg.Options)
	for _, p := range some {
		if err == nil {
			err = socket.Join(p.Packet, s.cfg.Datagrams.Join)
		}
		if err != nil {
			p.Close()
		} else if err = s.talks.Listen(p.Packet, p.Name); err != nil {
			err = exit.With(exit.Local, err)
		}
	}
	return err
}

// smallServices are the ports of services that answer whatever they get, as ours do: two
// of them can be made to talk to each other for ever (RFC 862, 863, 864, 865, 867, 868).
var smallServices = []uint16{7, 9, 13, 17, 19, 37}

// Admit decides about a conversation that begins.
func (s *Server) Admit(e loop.Envelope) *run.Conn {
	if s.complete() {
		return nil
	}
	local, peer := e.Ends()
	sock := loop.NoSocket(peer, local)
	switch {
	case slices.Contains(smallServices, e.Peer.Port()) || s.talks.Mine(e):
		s.rejected(sock, admit.Port)
		return nil
	case !s.talks.Direct() && s.runner.Stuck():
		s.rejected(sock, admit.Resources)
		return nil
	}
	ticket, cause := s.seat(e.Peer.Addr())
	if cause == admit.Full && s.talks.Yield() {
		ticket, cause = s.seat(e.Peer.Addr())
	}
	if cause != admit.None {
		s.rejected(sock, cause)
		return nil
	}
	s.lastID++
	c := &run.Conn{Socket: sock, ID: s.lastID, Accepted: handoff.Now(), Ticket: ticket, Datagrams: true}
	s.conns[c.ID] = c
	s.backends.choose(c)
	s.counts.Admitted++
	return c
}

// seat asks for a conversation to be let in.
func (s *Server) seat(src netip.Addr) (admit.Ticket, admit.Cause) {
	if s.crowded() && s.admission.Allows(src) {
		return admit.Ticket{}, admit.Full
	}
	return s.admission.enter(src)
}

// crowded reports whether conversations have taken half of all places, which is what they
// can have when there are streams, too: whoever forges addresses can begin any number.
func (s *Server) crowded() bool {
	limit := s.admission.Limit()
	return limit > 0 && len(s.listeners) > 0 && s.talks.Open() >= max(limit/2, 1)
}

// Run has the program of a conversation run, if it is one's.
func (s *Server) Run(c *run.Conn) {
	if s.talks.Direct() {
		s.Opened(c)
	} else {
		s.runner.Run(c)
	}
	s.countDown()
}

// Overdue ends a conversation that is a program's, which sees no end but SIGTERM.
func (s *Server) Overdue(c *run.Conn, reason handoff.Reason) {
	s.Abort(c, reason)
}

// Unanswered notes that a peer was sent no answer.
func (s *Server) Unanswered(c *run.Conn) { s.rejected(c.Socket, admit.AnswerRate) }

// stop tells who has a connection to end.
func (s *Server) stop(c *run.Conn) {
	if !s.talks.Stop(c) {
		s.runner.Stop(c)
	}
}

// killOne ends a connection.
func (s *Server) killOne(c *run.Conn) {
	if !s.talks.Stop(c) {
		s.runner.Kill(c)
	}
}

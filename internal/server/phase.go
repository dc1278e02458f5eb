package server

import (
	"log/slog"
	"os"
	"syscall"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
)

// phase is how far the server is from its start to its end. It only grows.
type phase int

const (
	starting   phase = iota // nothing is accepted yet
	serving                 // connections come in
	draining                // no more come in but those that wait already
	handedOver              // a successor has the listeners
	over                    // the end, whatever is still there
)

// enter moves the server to a later phase, and does what belongs to that. It
// reports whether the phase is new: a server that drains is handed over no more.
func (s *Server) enter(p phase) bool {
	if p <= s.phase || (s.phase == draining && p == handedOver) {
		return false
	}
	s.phase = p
	switch p {
	case draining:
		s.stopListening()
	case handedOver:
		s.leaveListeners()
	}
	return true
}

// accepts reports whether new connections are taken.
func (s *Server) accepts() bool { return s.phase == serving }

// stopListening closes the listeners. What has connected before comes in still,
// unless the number of connections is what ends the server.
func (s *Server) stopListening() {
	defer s.runner.Retire()
	limited := s.cfg.Once || s.cfg.MaxTotal > 0
	s.talks.Finish(!limited)
	if limited {
		s.closeListeners()
		return
	}
	for _, l := range s.listeners {
		s.accepting.resting++
		l.Poll(false)
		l.Rest(func(socks []*loop.Socket) {
			s.accepting.resting--
			s.accepting.backlog = append(s.accepting.backlog, socks...)
			s.close(l)
		})
	}
}

// closeListeners closes the listening sockets.
func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		s.close(l)
	}
}

func (s *Server) close(l *listener) {
	if err := l.Close(); err != nil {
		s.cfg.Log.Error("remove socket file", err)
	}
}

// closeTalks closes the sockets of datagrams.
func (s *Server) closeTalks() {
	if err := s.talks.Close(); err != nil {
		s.cfg.Log.Error("remove socket file", err)
	}
}

// leaveListeners leaves the listeners to a successor. The connections go on for
// as long as --upgrade-grace says.
func (s *Server) leaveListeners() {
	s.runner.Collect()
	successor := s.upgrader.Successor()
	s.tellSuccessor()
	upgrade.Log(s.cfg.Log, successor, len(s.conns), nil)
	s.supervisor.Relieve(successor)
	s.pages.Leave()
	s.agent.Leave()
	for _, l := range s.listeners {
		l.Leave()
	}
	s.talks.Leave()
	s.runner.Retire()
	if grace := s.cfg.UpgradeGrace; grace >= 0 {
		s.loop.After(grace, s.graceOver)
	}
}

// tellSuccessor keeps the count of our connections up to date for the successor.
func (s *Server) tellSuccessor() {
	if s.told != len(s.conns) {
		s.told = len(s.conns)
		s.upgrader.Tell(s.told)
	}
}

// askToEnd handles the signals that end a server: the first one drains, the
// second one ends at once.
func (s *Server) askToEnd(sig syscall.Signal) {
	switch {
	case s.cfg.NoDrain:
		s.logDrain(sig)
		s.enter(over)
	case !s.asked:
		s.asked = true
		s.logDrain(sig)
		s.leave()
	default:
		s.kill()
		s.failure = exit.Status(exit.Signal(sig))
		s.enter(over)
	}
}

// grace is how long connections have to end by themselves: negative is no limit.
// The session with our own standard input and output ends with us.
func (s *Server) grace() time.Duration {
	if s.cfg.Handler == "stdio" {
		return 0
	}
	return s.cfg.Grace
}

// logDrain says that a signal makes the server end.
func (s *Server) logDrain(sig syscall.Signal) {
	s.supervisor.Stopping(len(s.conns))
	attrs := []slog.Attr{slog.Int("connections", len(s.conns)), slog.String("signal", run.SignalName(sig))}
	if s.delays() {
		attrs = append(attrs, slog.Int64("delay_us", s.cfg.DrainDelay.Microseconds()))
	}
	s.cfg.Log.Event("drain", attrs...)
}

// leave drains, after a while in which who balances the load sees that we are about
// to. A successor that has the listeners goes on with them.
func (s *Server) leave() {
	if !s.delays() {
		s.drain()
		return
	}
	s.leaving = true
	s.loop.After(s.cfg.DrainDelay, s.drain)
}

func (s *Server) delays() bool { return s.cfg.DrainDelay > 0 && s.accepts() }

// drain lets the connections end, in the time that --grace gives them.
func (s *Server) drain() {
	if s.accepts() && s.upgrader.Stop() {
		s.enter(handedOver)
	}
	s.enter(draining)
	if grace := s.grace(); grace >= 0 {
		s.loop.After(grace, s.graceOver)
	}
}

// graceOver ends the connections that the drain did not wait for.
func (s *Server) graceOver() {
	for _, sock := range s.accepting.backlog {
		sock.Close()
	}
	s.accepting.backlog = nil
	s.partAll()
	s.all(func(c *run.Conn) {
		c.Force(handoff.Drain)
		s.stop(c)
	})
	if s.cfg.KillAfter >= 0 {
		s.loop.After(s.cfg.KillAfter, s.kill)
	}
}

// kill ends all connections, and all processes that are left.
func (s *Server) kill() {
	s.all(s.killOne)
	s.runner.End()
	s.depot.Kill()
}

// all calls do for each connection.
func (s *Server) all(do func(*run.Conn)) {
	for _, c := range s.conns {
		do(c)
	}
}

// Expire ends a connection whose socket the runner has a copy of: the program
// sees its end, then, if it does not go, SIGTERM and SIGKILL.
func (s *Server) Expire(c *run.Conn, reason handoff.Reason) {
	if !c.Force(reason) {
		return
	}
	c.Shutdown()
	wait := s.killAfter()
	s.later(wait, c, s.runner.Stop)
	if s.cfg.KillAfter >= 0 {
		s.later(2*wait, c, s.runner.Kill)
	}
}

// Abort ends a connection whose program must not take what has come for all there
// was: it gets SIGTERM now, and SIGKILL if it does not go.
func (s *Server) Abort(c *run.Conn, reason handoff.Reason) {
	c.Force(reason)
	s.runner.Stop(c)
	if s.cfg.KillAfter >= 0 {
		s.later(s.cfg.KillAfter, c, s.runner.Kill)
	}
}

// killAfter is how long a connection has that was told to end, at each step.
func (s *Server) killAfter() time.Duration {
	if s.cfg.KillAfter < 0 {
		return DefaultKillAfter
	}
	return s.cfg.KillAfter
}

// later does something to a connection unless it has ended by then.
func (s *Server) later(wait time.Duration, c *run.Conn, do func(*run.Conn)) {
	s.loop.After(wait, func() {
		if s.conns[c.ID] == c {
			do(c)
		}
	})
}

// fail ends the server with err.
func (s *Server) fail(err error) {
	if s.failure == nil {
		s.failure = err
	}
	s.enter(over)
}

// finished reports whether the loop has nothing left to do.
func (s *Server) finished() bool {
	switch s.phase {
	case over:
		return true
	case draining, handedOver:
		return len(s.conns) == 0 && !s.Waiting() && s.runner.Left() == 0 && s.depot.Left() == 0
	}
	return false
}

// result is what the server ends with.
func (s *Server) result() error {
	err := s.failure
	if err == nil && s.cfg.Once && s.counts.Admitted > 0 && (!s.asked || s.last.Told) {
		err = s.last.Result()
	}
	s.accepting.rejects.sum()
	s.accepting.full.end(s.cfg.Log)
	s.cfg.Log.Event("exit", slog.Int("code", int(exit.Of(err))), slog.Int("served", int(s.counts.Admitted)))
	return err
}

// relaySignals is the goroutine that brings signals into the loop until stop is
// closed.
func (s *Server) relaySignals(signals <-chan os.Signal, stop <-chan struct{}) {
	for {
		select {
		case sig := <-signals:
			s.loop.Post(func() { s.signaled(sig.(syscall.Signal)) })
		case <-stop:
			return
		}
	}
}

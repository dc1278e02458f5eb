package server

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
)

// lifecycle is how far the server is from its start to its end.
type lifecycle struct {
	ready    bool
	draining bool
	closed   bool // the listeners
	leave    bool // end now, whatever is still there
	failure  error
	began    time.Time // of the drain
}

// relaySignals brings signals into the loop until stop is closed.
func (s *server) relaySignals(signals <-chan os.Signal, stop <-chan struct{}) {
	for {
		select {
		case sig := <-signals:
			s.loop.post(func() { s.signaled(sig.(syscall.Signal)) })
		case <-stop:
			return
		}
	}
}

// signaled handles SIGTERM and SIGINT: the first one drains, the second ends.
// Others ask for something.
func (s *server) signaled(sig syscall.Signal) {
	s.runner.collect()
	lc := &s.lifecycle
	switch {
	case sig != unix.SIGTERM && sig != unix.SIGINT:
		s.asked(sig)
	case s.cfg.NoDrain:
		logDrain(s.cfg, len(s.conns), sig)
		lc.leave = true
	case !lc.draining || lc.began.IsZero():
		logDrain(s.cfg, len(s.conns), sig)
		lc.began = time.Now()
		s.drain(s.cfg.Grace)
	default:
		s.killAll(unix.SIGKILL)
		lc.leave = true
		lc.failure = exit.Status(exit.Signal(sig))
	}
}

// drain takes what is in the backlog already, closes the listeners, and lets
// connections end. When grace is not zero they have so long, then their process
// groups are told to go.
func (s *server) drain(grace time.Duration) {
	lc := &s.lifecycle
	if !lc.draining && s.cfg.heir.stop() {
		s.handOver()
	}
	if !lc.draining {
		lc.draining = true
		if !s.cfg.Once && s.cfg.MaxTotal == 0 {
			s.takeBacklog()
		}
		lc.closed = true
		s.closeListeners()
		s.runner.retire()
	}
	if grace > 0 {
		s.loop.after(grace, s.graceOver)
	}
}

// takeBacklog accepts all that has connected before the drain began.
func (s *server) takeBacklog() {
	for _, l := range s.listeners {
		for {
			fd, sa, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC)
			if err == unix.ECONNABORTED || err == unix.EINTR {
				continue
			}
			if err != nil {
				break
			}
			s.accepting.backlog = append(s.accepting.backlog, waiting{fd, peerOf(sa), s.localOf(l, fd)})
		}
	}
}

// graceOver ends the connections that the drain did not wait for.
func (s *server) graceOver() {
	for _, w := range s.accepting.backlog {
		unix.Close(w.fd)
	}
	s.accepting.backlog = nil
	for _, c := range s.conns {
		if !c.force {
			c.force, c.forced = true, handoff.Drain
		}
	}
	s.killAll(unix.SIGTERM)
	s.loop.after(s.cfg.KillAfter, func() { s.killAll(unix.SIGKILL) })
}

func (s *server) killAll(sig unix.Signal) {
	for _, c := range s.conns {
		s.runner.signal(c, sig)
	}
}

// fail ends the server with err.
func (s *server) fail(err error) {
	if s.lifecycle.failure == nil {
		s.lifecycle.failure = err
	}
	s.lifecycle.leave = true
}

// finished reports whether the loop has nothing left to do.
func (s *server) finished() bool {
	lc := &s.lifecycle
	if lc.leave {
		return true
	}
	return lc.draining && len(s.conns) == 0 && len(s.accepting.backlog) == 0 && s.runner.processes() == 0
}

// result is what the server ends with.
func (s *server) result() error {
	err := s.lifecycle.failure
	if err == nil && s.cfg.Once && s.lifecycle.began.IsZero() {
		err = exit.Status(s.last.code())
	}
	s.accepting.full.end(s.cfg.Log)
	return logExit(s.cfg, err, s.admitted)
}

//go:build !portable

package server

import (
	"nettool/internal/server/loop"
	"nettool/internal/server/pool"
	"nettool/internal/server/run"
	"nettool/internal/server/threads"
)

// HasPool reports whether built-in handlers can be run in warm children.
const HasPool = true

// Accounts reports whether the bytes of a program's connection are counted, and
// its timers work.
const Accounts = true

// newRunner makes the runner of the model.
func (s *Server) newRunner() (run.Runner, error) {
	if err := s.cfg.checkProcesses(); err != nil {
		return nil, err
	}
	loop.KeepThreads()
	switch {
	case s.cfg.Handler == "stdio":
		return s.newStdio(), nil
	case s.cfg.model() == inProcess:
		return threads.New(s.cfg.builtin(), s)
	case s.cfg.model() == direct:
		loop.KeepProcessors()
		return s.newProgram()
	}
	return pool.New(pool.Config{
		Child:       s.cfg.builtin(),
		Spare:       s.cfg.Spare,
		MaxRequests: s.cfg.MaxRequests,
		KillAfter:   s.cfg.KillAfter,
		Reject:      s.cfg.Reject,
		Environ:     s.cfg.Environ,
		Log:         s.cfg.Log,
	}, s)
}

//go:build !portable

package server

import (
	"fmt"

	"nettool/internal/handoff"
	"nettool/internal/sandbox"
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
		return threads.New(s.cfg.builtin(), s.keeper, s)
	case s.cfg.model() == direct:
		loop.KeepProcessors()
		return s.newProgram()
	}
	if err := s.checkSandbox(); err != nil {
		return nil, err
	}
	return pool.New(pool.Config{
		Child:       s.cfg.builtin(),
		Spare:       s.cfg.Spare,
		MaxRequests: s.cfg.MaxRequests,
		KillAfter:   s.cfg.KillAfter,
		Reject:      s.cfg.Reject,
		Environ:     s.cfg.Environ,
		Log:         s.cfg.Log,
		TLS:         s.keeper,
	}, s)
}

// checkSandbox says once what a child's sandbox lacks here, which is an error if it
// must be whole.
func (s *Server) checkSandbox() error {
	if s.cfg.Sandbox == handoff.Unboxed {
		return nil
	}
	err := sandbox.Lacks()
	switch {
	case err == nil:
	case s.cfg.Sandbox == handoff.WhollyBoxed:
		return fmt.Errorf("--require-sandbox: %w", err)
	default:
		s.cfg.Log.Error("sandbox", err)
	}
	return nil
}

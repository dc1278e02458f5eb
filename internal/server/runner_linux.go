//go:build !portable

package server

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/sandbox"
	"nettool/internal/server/front"
	"nettool/internal/server/loop"
	"nettool/internal/server/pool"
	"nettool/internal/server/run"
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
	if s.talks != nil { // the loop itself answers
		loop.KeepProcessors()
	}
	switch {
	case s.cfg.Handler == "stdio":
		return s.newStdio(), nil
	case s.cfg.model() == inProcess:
		return s.newThreads()
	case s.cfg.model() == direct:
		loop.KeepProcessors()
		return s.newProgram(s)
	}
	child := s.builtin()
	if err := s.checkSandbox(handler.Needs(&child)); err != nil {
		return nil, err
	}
	attached, err := s.attachment()
	if err != nil {
		return nil, err
	}
	if s.cfg.model() == prepared {
		return s.newFront()
	}
	return pool.New(s.pool(child, attached), s)
}

// newFront makes the runner of programs behind children that read headers, speak TLS,
// or relay.
func (s *Server) newFront() (run.Runner, error) {
	loop.KeepProcessors()
	behind := func(h run.Host) (front.Programs, error) { return s.newProgram(h) }
	return front.New(s.pool(s.builtin(), nil), s.cfg.PrestartHello, behind, s)
}

// pool is how the children are kept.
func (s *Server) pool(child handoff.Config, attached *handoff.Sealed) pool.Config {
	c := s.cfg
	child.User = s.childUser.user
	cfg := pool.Config{
		Child:       child,
		Attached:    attached,
		Spare:       c.Spare,
		MaxRequests: c.MaxRequests,
		KillAfter:   c.KillAfter,
		Reject:      c.Reject,
		Environ:     c.Environ,
		Log:         c.Log,
		TLS:         s.keeper,
		Ambient:     s.childUser.ambient(),
	}
	if d := s.childUser.deputy; d != nil {
		cfg.Starter = d
		s.loop.Add(d.PIDFD, unix.EPOLLIN, func(uint32) { s.Fail(errors.New("the process that starts children has ended")) })
	}
	return cfg
}

// attachment is what children get beside their configuration, or nil.
func (s *Server) attachment() (*handoff.Sealed, error) {
	if len(s.cfg.Forward.CA) == 0 {
		return nil, nil
	}
	return handoff.Seal(s.cfg.Forward.CA)
}

// checkSandbox says once what a child's sandbox lacks here, which is an error if it
// must be whole.
func (s *Server) checkSandbox(needs sandbox.Needs) error {
	if s.cfg.Sandbox == handoff.Unboxed {
		return nil
	}
	err := sandbox.Lacks(needs)
	switch {
	case err == nil:
	case s.cfg.Sandbox == handoff.WhollyBoxed:
		return fmt.Errorf("--require-sandbox: %w", err)
	default:
		s.cfg.Log.Error("sandbox", err)
	}
	return nil
}

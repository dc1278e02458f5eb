package server

import (
	"nettool/internal/handoff"
	"nettool/internal/server/program"
	"nettool/internal/server/run"
	"nettool/internal/server/stdio"
	"nettool/internal/server/threads"
)

// builtin is what runs a built-in handler, in a child or a goroutine. For programs it
// is what prepares their connections.
func (s *Server) builtin() handoff.Config {
	c := s.cfg
	return handoff.Config{
		Handler:    c.Handler,
		QuitOn:     c.QuitOn,
		Limits:     c.Limits,
		Sandbox:    c.Sandbox,
		TLS:        c.TLS.Options,
		HeaderTime: c.headerTime(),
		Forward:    s.backends.told(&c.Options),
		Files:      c.Files.Files,
	}
}

func (s *Server) newThreads() (run.Runner, error) {
	return threads.New(threads.Config{
		Child:    s.builtin(),
		Attached: s.cfg.Forward.CA,
		TLS:      s.keeper,
		Refusal:  s.cfg.RejectMessage,
	}, s)
}

func (s *Server) newStdio() run.Runner {
	return stdio.New(stdio.Config{Log: s.cfg.Log, In: s.cfg.Stdin, Out: s.cfg.Stdout, QuitOn: s.cfg.QuitOn, Limits: s.cfg.Limits, TLS: s.keeper, Timeout: s.cfg.TLS.Options.Timeout}, s)
}

func (s *Server) newProgram(host run.Host) (*program.Runner, error) {
	return program.New(program.Config{
		Path:     s.cfg.Path,
		Argv:     s.cfg.Program,
		Environ:  s.cfg.Environ,
		Stderr:   s.cfg.Stderr,
		Log:      s.cfg.Log,
		KeepFDs:  s.cfg.KeepFDs,
		Account:  s.cfg.Account,
		Limits:   s.cfg.Limits,
		DeadPeer: s.cfg.Options.DeadPeer,
		Reject:   s.cfg.Reject,
		Prestart: s.cfg.Prestart,
		Once:     s.cfg.Once,
		Isolate:  s.cfg.Isolate,
		Deputy:   s.deputy,
	}, host)
}

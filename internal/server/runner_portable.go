//go:build !linux || portable

package server

import (
	"nettool/internal/server/run"
)

// HasPool reports whether built-in handlers can be run in warm children.
const HasPool = false

// Accounts reports whether the bytes of a program's connection are counted, and
// its timers work.
const Accounts = false

// newRunner makes the runner of the model.
func (s *Server) newRunner() (run.Runner, error) {
	switch {
	case s.cfg.Handler == "stdio":
		return s.newStdio(), nil
	case s.cfg.model() == direct:
		return s.newProgram(s)
	}
	return s.newThreads()
}

// Package stage is what stands between the server and a program that is kept
// apart: the child that becomes the program when it has done what a start cannot
// carry; the child that stays beside it, as the init of its PID namespace or as
// its subreaper; and the deputy, which starts them when the server may not.
package stage

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/oom"
	"nettool/internal/program"
)

// Main is the whole run of a child whose link has brought m first. It returns the
// exit code, unless the child becomes a program.
func Main(l *handoff.Link, m handoff.Message) int {
	runtime.LockOSThread()
	switch m := m.(type) {
	case *handoff.Stage:
		debug.SetGCPercent(-1) // it does not live long, or has nothing to do
		oom.Set(oom.Self, m.OOM)
		if m.Settings.Stays() {
			return stay(l, m)
		}
		return become(l, m)
	case *handoff.Deputy:
		return serveOrders(l)
	}
	return int(exit.Local)
}

// become becomes the program, which the other end of the link sees by its close.
// What goes wrong is said there.
func become(l *handoff.Link, m *handoff.Stage) int {
	err := settle(l, m)
	if err == nil {
		err = enter(m)
	}
	switch {
	case err != nil:
	case m.Trial:
		if err = executable(m); err == nil {
			l.Send(&handoff.Found{Path: m.Path})
			return 0
		}
	default:
		err = syscall.Exec(m.Path, m.Argv, os.Environ())
		err = exit.With(startCode(err), err)
	}
	fail(l, err)
	return int(exit.Of(err))
}

// longest bounds what is said about a failure, in bytes.
const longest = 1024

// fail says why there is no program.
func fail(l *handoff.Link, err error) {
	text := err.Error()
	l.Send(&handoff.Failed{Code: int(exit.Of(err)), Text: text[:min(len(text), longest)]})
}

// settle puts the descriptors of the program where they belong.
func settle(l *handoff.Link, m *handoff.Stage) error {
	if m.Third <= 0 {
		return nil
	}
	if err := l.Move(); err != nil {
		return err
	}
	if err := unix.Dup3(m.Third, handoff.LinkFD, 0); err != nil {
		return os.NewSyscallError("dup3", err)
	}
	return unix.Close(m.Third)
}

// enter applies the settings to this process, and finds the program. There is no
// way back, and little memory.
func enter(m *handoff.Stage) (err error) {
	s := &m.Settings
	if err := s.Enter(); err != nil {
		return exit.With(exit.Local, err)
	}
	if m.Path == "" {
		if m.Path, err = program.Find(m.Argv[0]); err != nil {
			return err
		}
	}
	if err := s.Confine(); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := s.Limit(); err != nil {
		return exit.With(exit.Local, err)
	}
	if m.Drop {
		return exit.With(exit.Local, isolate.DropCapabilities())
	}
	return nil
}

// startCode is the exit code of a program that could not be executed, as shells
// have it.
func startCode(err error) exit.Code {
	if errors.Is(err, os.ErrNotExist) {
		return exit.NotFound
	}
	return exit.NotExecutable
}

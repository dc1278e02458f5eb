// Package supervise speaks with whoever has started the server: the service
// manager (sd_notify(3)) and the readers of a pid file. It also gives up rights
// that the server needs no longer.
package supervise

import (
	"fmt"
	"os"
	"strings"
	"time"

	"nettool/internal/report"
	"nettool/internal/server/upgrade"
)

// Supervisor is told how the server is doing. A service manager that does not
// listen is logged once and then left alone.
type Supervisor struct {
	// Watchdog is how often the service manager wants Alive to be called; 0 is
	// never.
	Watchdog time.Duration

	log      *report.Log
	pid      pidFile
	succeeds bool // we follow an older image, whose pid the service manager knows
	relieved bool // a successor has the pid file and speaks for us

	states chan string   // for the service manager, or nil
	told   chan struct{} // all states were sent
}

// states that may wait for a service manager that is slow to read.
const stateQueue = 16

// New opens what needs opening while we have the rights to: the pid file, unless
// path is empty. succeeds says that an older image has started us, and inherited is
// the pid file that it has handed on, or nil; it belongs to New.
func New(log *report.Log, path string, inherited *os.File, succeeds bool) (*Supervisor, error) {
	s := &Supervisor{log: log, succeeds: succeeds, told: make(chan struct{})}
	var err error
	if s.pid, err = openPIDFile(path, inherited); err != nil {
		return nil, err
	}
	interval, err := watchdogInterval()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	s.Watchdog = interval / 2
	if os.Getenv("NOTIFY_SOCKET") != "" {
		s.states = make(chan string, stateQueue)
		go s.tell()
	}
	return s, nil
}

// HandOver adds what a successor needs to files: the pid file.
func (s *Supervisor) HandOver(files upgrade.Files) error {
	if s.pid.f == nil {
		return nil
	}
	return files.AddFile(PIDFile, s.pid.f)
}

// PIDFile is the name under which the pid file is handed on.
const PIDFile = "pid file"

// Ready says that connections are accepted at these addresses.
func (s *Supervisor) Ready(addrs []string) error {
	if err := s.pid.fill(); err != nil {
		return err
	}
	if !s.succeeds { // the service is ready; and a manager that believes the main process only does not know us yet
		s.notify("READY=1\nSTATUS=listening on " + strings.Join(addrs, ", "))
	}
	return nil
}

// Reloading says that a reload has begun (Type=notify-reload wants the time,
// too).
func (s *Supervisor) Reloading() {
	s.notify("RELOADING=1\n" + monotonicState())
}

// Reloaded says that the reload is over.
func (s *Supervisor) Reloaded() { s.notify("READY=1") }

// Stopping says that no more connections are accepted.
func (s *Supervisor) Stopping(connections int) {
	s.notify(fmt.Sprintf("STOPPING=1\nSTATUS=%d connections are finishing", connections))
}

// Alive is the sign of life that the watchdog waits for.
func (s *Supervisor) Alive() { s.notify("WATCHDOG=1") }

// notify never blocks: a service manager that does not read loses messages.
func (s *Supervisor) notify(state string) {
	if s.states == nil || s.relieved {
		return
	}
	select {
	case s.states <- state:
	default:
	}
}

// tell is the goroutine that sends to the service manager.
func (s *Supervisor) tell() {
	defer close(s.told)
	failed := false
	for state := range s.states {
		if err := tellManager(state); err != nil && !failed {
			failed = true
			s.log.Error("notify service manager", err)
		}
	}
}

// Relieve leaves the pid file to a successor, and tells the service manager that it
// is the main process now: it is we whom NotifyAccess=main makes it believe.
func (s *Supervisor) Relieve(successor int) {
	if successor > 0 {
		s.notify(fmt.Sprintf("MAINPID=%d", successor))
	}
	s.relieved = true
}

// Close ends what New has opened, and waits a moment for what is not
// told yet.
func (s *Supervisor) Close() {
	if s.states != nil {
		close(s.states)
		select {
		case <-s.told:
		case <-time.After(time.Second):
		}
	}
	if !s.relieved {
		s.pid.remove()
	}
}

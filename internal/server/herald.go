package server

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"nettool/internal/report"
)

// herald tells others than the log how the server is doing: the service manager
// (sd_notify(3)) and the pid file. A service manager that does not listen is
// logged once and then left alone.
type herald struct {
	log      *report.Log
	pid      pidFile
	watchdog time.Duration // how often the service manager wants a sign of life; 0 for never
	succeeds bool          // we follow an older image, whose pid the service manager knows
	relieved bool          // a successor has the pid file and speaks for us

	states chan string   // for the service manager, or nil
	told   chan struct{} // all states were sent
}

// states that may wait for a service manager that is slow to read.
const stateQueue = 16

// newHerald opens what needs opening while we have the rights to.
func newHerald(cfg *Config) (*herald, error) {
	h := &herald{log: cfg.Log, told: make(chan struct{})}
	var err error
	if h.pid, err = openPIDFile(cfg.PIDFile, cfg.identity); err != nil {
		return nil, err
	}
	interval, err := watchdogInterval()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	h.watchdog = interval / 2
	h.succeeds = cfg.heir.succeeds()
	if os.Getenv("NOTIFY_SOCKET") != "" {
		h.states = make(chan string, stateQueue)
		go h.tell()
	}
	return h, nil
}

// ready says that connections are accepted.
func (h *herald) ready(addrs []net.Addr) error {
	if err := h.pid.fill(); err != nil {
		return err
	}
	if h.succeeds {
		h.notify(fmt.Sprintf("MAINPID=%d", os.Getpid()))
	}
	h.notify("READY=1\nSTATUS=listening on " + strings.Join(textsOf(addrs), ", "))
	return nil
}

// reloading and reloaded stand around a reload (Type=notify-reload wants the
// time, too).
func (h *herald) reloading() {
	h.notify("RELOADING=1\n" + monotonicState())
}
func (h *herald) reloaded() { h.notify("READY=1") }

// stopping says that no more connections are accepted.
func (h *herald) stopping(connections int) {
	h.notify(fmt.Sprintf("STOPPING=1\nSTATUS=%d connections are finishing", connections))
}

// alive is the sign of life that the watchdog waits for.
func (h *herald) alive() { h.notify("WATCHDOG=1") }

// ticks tells when alive is due, for models without an event loop.
func (h *herald) ticks() (due <-chan time.Time, stop func()) {
	if h.watchdog <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(h.watchdog)
	return t.C, t.Stop
}

// notify never blocks: a service manager that does not read loses messages.
func (h *herald) notify(state string) {
	if h.states == nil || h.relieved {
		return
	}
	select {
	case h.states <- state:
	default:
	}
}

// tell is the goroutine that sends to the service manager.
func (h *herald) tell() {
	defer close(h.told)
	failed := false
	for state := range h.states {
		if err := tellManager(state); err != nil && !failed {
			failed = true
			h.log.Error("notify service manager", err)
		}
	}
}

// relieve leaves the pid file and the service manager to a successor.
func (h *herald) relieve(successor int) {
	if successor > 0 { // from us it is believed, whatever NotifyAccess says
		h.notify(fmt.Sprintf("MAINPID=%d", successor))
	}
	h.relieved = true
}

// close ends what the herald has opened, and waits a moment for what is not
// told yet.
func (h *herald) close() {
	if h.states != nil {
		close(h.states)
		select {
		case <-h.told:
		case <-time.After(time.Second):
		}
	}
	if !h.relieved {
		h.pid.remove()
	}
}

package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"syscall"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/report"
)

// Rules say which addresses may come in, and where that is written down.
type Rules struct {
	Allow, Deny []admit.CIDR
	File        string // tcprules text, or empty; read again when it changes
}

// any reports whether there is any rule at all.
func (r *Rules) any() bool { return len(r.Allow)+len(r.Deny) > 0 || r.File != "" }

// load reads the rules. nil admits everybody.
func (r *Rules) load() (*admit.Rules, error) {
	if !r.any() {
		return nil, nil
	}
	if r.File == "" {
		return admit.NewRules(r.Allow, r.Deny), nil
	}
	return admit.LoadRules(r.File, r.Allow, r.Deny)
}

// loadAgain is load for a server that has rules already. What can be read only
// once, and a file that is empty or about to be written, must not let everybody
// in.
func (r *Rules) loadAgain() (*admit.Rules, error) {
	if r.File == "" {
		return r.load()
	}
	f, err := openRegular(r.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	free, release := unwritten(f)
	defer release()
	if !free {
		return nil, exit.With(exit.Local, beingWritten{})
	}
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		return nil, exit.Errorf(exit.Local, "rules %q: the file is empty", r.File)
	}
	return admit.ParseRules(f, r.File, r.Allow, r.Deny)
}

// beingWritten is the error for a file that somebody is writing.
type beingWritten struct{}

// Error says what will happen.
func (beingWritten) Error() string {
	return "somebody is writing the file: it is read once that is done"
}

// quiet reports whether the file has not changed for a while. A time to come says
// nothing.
func quiet(f *os.File, now time.Time) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	age := now.Sub(info.ModTime())
	return age < 0 || age >= ruleQuiet
}

// openRegular opens a regular file. It waits for nobody, as opening a FIFO would.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, exit.Errorf(exit.Local, "rules %q: not a regular file", path)
	}
	return f, nil
}

// admission is the gate together with the rules file that it follows.
type admission struct {
	*admit.Gate
	rules Rules
	log   *report.Log

	state   os.FileInfo // of the file that is in force, or was refused; nil when there was none
	checked time.Time   // when the file was looked at
}

// How long a rules file is not looked at again, and how long it must be unchanged
// when nobody can tell whether it is being written.
const (
	ruleInterval = 100 * time.Millisecond
	ruleQuiet    = time.Second
)

// newAdmission makes the gate. A bad rules file is an error at the start. again is
// for the successor of a server that has read it before.
func newAdmission(cfg *Config, again bool) (*admission, error) {
	limits, load := cfg.Admission, cfg.Rules.load
	if again {
		load = cfg.Rules.loadAgain
	}
	rules, err := load()
	if err != nil {
		return nil, err
	}
	limits.Rules = rules
	a := &admission{Gate: admit.New(limits), rules: cfg.Rules, log: cfg.Log}
	a.state, a.checked = a.look(), time.Now()
	return a, nil
}

func (a *admission) look() os.FileInfo {
	info, err := os.Stat(a.rules.File)
	if err != nil {
		return nil
	}
	return info
}

// changed reports whether the file was written, or replaced.
func (a *admission) changed() bool {
	info := a.look()
	if info == nil || a.state == nil {
		return info != a.state
	}
	return !os.SameFile(info, a.state) || info.Size() != a.state.Size() || !info.ModTime().Equal(a.state.ModTime())
}

// follow reads the rules file again when it has changed. It is called before a
// connection is decided about, and every second, so that a bad file is reported
// when it is written.
func (a *admission) follow(now time.Time) {
	if a.rules.File == "" {
		return
	}
	if now.Sub(a.checked) < ruleInterval {
		return
	}
	a.checked = now
	if a.changed() {
		a.read(false)
	}
}

// rereadable checks that the file can be read once more: the user that the server
// has become may not be allowed to.
func (a *admission) rereadable() error {
	if a.rules.File == "" {
		return nil
	}
	f, err := openRegular(a.rules.File)
	if err != nil {
		return fmt.Errorf("the file will not be read again: %w", err)
	}
	return f.Close()
}

// reload reads the rules file now.
func (a *admission) reload() {
	if a.rules.File != "" {
		a.read(true)
	}
}

// read reads the rules file. A bad one keeps the rules in force; one that is being
// written is read later, which is said when it was asked for.
func (a *admission) read(asked bool) {
	state := a.look()
	rules, err := a.rules.loadAgain()
	_, early := errors.AsType[beingWritten](err)
	if early && !asked {
		return
	}
	if !early {
		a.state = state
	}
	if err != nil {
		a.log.Error("reload rules", err)
		return
	}
	a.SetRules(rules)
	a.log.Event("reload", slog.String("rules", a.rules.File))
}

// identify asks for a connection to stay whose source is known now.
func (a *admission) identify(t admit.Ticket, src netip.Addr) (admit.Ticket, admit.Cause) {
	now := time.Now()
	a.follow(now)
	return a.Identify(t, src, now)
}

// leave gives a place back.
func (a *admission) leave(t admit.Ticket) { a.Leave(t, time.Now()) }

// enter asks for a connection to be let in.
func (a *admission) enter(src netip.Addr) (admit.Ticket, admit.Cause) {
	now := time.Now()
	a.follow(now)
	return a.Enter(src, now)
}

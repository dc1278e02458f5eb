package server

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"nettool/internal/admit"
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

// admission is the gate together with the rules file that it follows.
type admission struct {
	*admit.Gate
	rules Rules
	log   *report.Log

	state   os.FileInfo // of the file that is in force, or was refused; nil when there was none
	checked time.Time   // when the file was looked at
}

// ruleInterval is how long a rules file is not looked at again, and how long it
// must be unchanged: somebody may be writing it.
const ruleInterval = 100 * time.Millisecond

// newAdmission makes the gate. A bad rules file is an error at the start.
func newAdmission(cfg *Config) (*admission, error) {
	limits := cfg.Admission
	rules, err := cfg.Rules.load()
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

// changed reports whether the file was written, or replaced, and is complete.
func (a *admission) changed(now time.Time) bool {
	info := a.look()
	if info == nil || a.state == nil {
		return info != a.state
	}
	if os.SameFile(info, a.state) && info.Size() == a.state.Size() && info.ModTime().Equal(a.state.ModTime()) {
		return false
	}
	age := now.Sub(info.ModTime())
	return age < 0 || age >= ruleInterval
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
	if a.changed(now) {
		a.read()
	}
}

// rereadable checks that the file can be read once more: the user that the server
// has become may not be allowed to.
func (a *admission) rereadable() error {
	if a.rules.File == "" {
		return nil
	}
	f, err := os.Open(a.rules.File)
	if err != nil {
		return fmt.Errorf("the file will not be read again: %w", err)
	}
	return f.Close()
}

// reload reads the rules file now.
func (a *admission) reload() {
	if a.rules.File != "" {
		a.read()
	}
}

// read reads the rules file. A bad one keeps the rules in force.
func (a *admission) read() {
	a.state = a.look()
	rules, err := a.rules.load()
	if err != nil {
		a.log.Error("reload rules", err)
		return
	}
	a.SetRules(rules)
	a.log.Event("reload", slog.String("rules", a.rules.File))
}

// enter asks for a connection to be let in.
func (a *admission) enter(src netip.Addr) (admit.Ticket, admit.Cause) {
	now := time.Now()
	a.follow(now)
	return a.Enter(src, now)
}

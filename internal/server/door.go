package server

import (
	"log/slog"
	"net/netip"
	"os"
	"sync"
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

// door is the gate together with the rules file that it follows.
type door struct {
	*admit.Gate
	rules Rules
	log   *report.Log

	mu      sync.Mutex
	state   os.FileInfo // of the file that is in force, or was refused; nil when there was none
	checked time.Time   // when the file was looked at
}

// between is how long a rules file is not looked at again, and how long it must
// be unchanged: it may just be written.
const between = 100 * time.Millisecond

// newDoor makes the gate. A bad rules file is an error at the start.
func newDoor(cfg *Config) (*door, error) {
	limits := cfg.Admission
	rules, err := cfg.Rules.load()
	if err != nil {
		return nil, err
	}
	limits.Rules = rules
	d := &door{Gate: admit.New(limits), rules: cfg.Rules, log: cfg.Log}
	d.state, d.checked = d.look(), time.Now()
	return d, nil
}

func (d *door) look() os.FileInfo {
	info, err := os.Stat(d.rules.File)
	if err != nil {
		return nil
	}
	return info
}

// changed reports whether the file was written, or replaced, and is complete.
func (d *door) changed(now time.Time) bool {
	info := d.look()
	if info == nil || d.state == nil {
		return info != d.state
	}
	if os.SameFile(info, d.state) && info.Size() == d.state.Size() && info.ModTime().Equal(d.state.ModTime()) {
		return false
	}
	age := now.Sub(info.ModTime())
	return age < 0 || age >= between
}

// follow reads the rules file again when it has changed. It is called before a
// connection is decided about, so that an idle server does nothing.
func (d *door) follow(now time.Time) {
	if d.rules.File == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.checked) < between {
		return
	}
	d.checked = now
	if d.changed(now) {
		d.read()
	}
}

// reload reads the rules file now.
func (d *door) reload() {
	if d.rules.File != "" {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.read()
	}
}

// read reads the rules file. A bad one keeps the rules in force.
func (d *door) read() {
	d.state = d.look()
	rules, err := d.rules.load()
	if err != nil {
		d.log.Error("reload rules", err)
		return
	}
	d.SetRules(rules)
	d.log.Event("reload", slog.String("rules", d.rules.File))
}

// enter asks for a connection to be let in.
func (d *door) enter(src netip.Addr) (admit.Ticket, admit.Cause) {
	now := time.Now()
	d.follow(now)
	return d.Enter(src, now)
}

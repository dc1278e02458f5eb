package tally

import (
	"time"

	"nettool/internal/probe/attempt"
)

// keptOutages is how many outages are kept in full: the first ones. Later ones
// are counted, and the longest of all is always kept.
const keptOutages = 64

// Outage is a run of failed attempts.
type Outage struct {
	From, To time.Time // due time of its first failure, and of the success that ended it (or of the last failure so far)
	Failed   int64     // attempts that failed
	Outcome  attempt.Outcome
	Over     bool
}

// Length is how long the outage lasted, or has lasted.
func (o *Outage) Length() time.Duration { return o.To.Sub(o.From) }

// Change is a target going down or coming up.
type Change struct {
	Up      bool
	First   bool // the first thing known about the target
	At      time.Time
	Outcome attempt.Outcome
	Lasted  time.Duration // of the state that ended; zero when First
}

// track follows one target's state.
type track struct {
	known   bool
	up      bool
	since   time.Time
	current *Outage
	outages []Outage
	ended   int64 // outages that are over
	longest Outage
}

// observe notes a verdict and returns the change that it means, or nil.
func (t *track) observe(due time.Time, r *attempt.Result) *Change {
	if t.current != nil {
		t.current.To = due
	}
	change := t.change(due, r)
	if change != nil {
		t.known, t.up, t.since = true, r.OK(), due
		if change.Up {
			t.end()
		} else {
			t.current = &Outage{From: due, To: due, Outcome: r.Outcome}
		}
	}
	if !r.OK() {
		t.current.Failed++
	}
	return change
}

func (t *track) change(due time.Time, r *attempt.Result) *Change {
	switch {
	case !t.known:
		return &Change{Up: r.OK(), First: true, At: due, Outcome: r.Outcome}
	case t.up == r.OK():
		return nil
	}
	return &Change{Up: r.OK(), At: due, Outcome: r.Outcome, Lasted: due.Sub(t.since)}
}

func (t *track) end() {
	if t.current == nil {
		return
	}
	t.current.Over = true
	t.keep(*t.current)
	t.current = nil
}

func (t *track) keep(o Outage) {
	t.ended++
	if len(t.outages) < keptOutages {
		t.outages = append(t.outages, o)
	}
	if o.Length() >= t.longest.Length() {
		t.longest = o
	}
}

// Up tells the target's state; known is false before the first verdict.
func (t *track) Up() (up, known bool) { return t.up, t.known }

// Outages returns the outages that were kept, the current one last, and how many
// there were in all.
func (t *track) Outages() (kept []Outage, count int64) {
	kept, count = append(kept, t.outages...), t.ended
	if t.current != nil {
		kept, count = append(kept, *t.current), count+1
	}
	return kept, count
}

// Longest is the longest outage; its length is zero when there was none.
func (t *track) Longest() Outage {
	if t.current != nil && t.current.Length() >= t.longest.Length() {
		return *t.current
	}
	return t.longest
}

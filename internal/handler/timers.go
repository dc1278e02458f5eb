package handler

import (
	"os"
	"time"

	"nettool/internal/handoff"
)

// timers are the limits of one connection at work. They know when the next of
// them expires; waiting is the connection's business. A reader and a writer may
// use them at the same time.
type timers struct {
	limits   handoff.Limits
	set      bool
	accepted time.Time
	activity *handoff.Activity
	layered  bool // what is heard is found out above: Layered
}

// expiry is when a wait ends and with which error. A zero when is never.
type expiry struct {
	when time.Time
	err  error
}

func newTimers(limits handoff.Limits, accepted time.Time, activity *handoff.Activity) *timers {
	return &timers{limits: limits, set: limits != (handoff.Limits{}), accepted: accepted, activity: activity}
}

// active notes a byte sent.
func (t *timers) active() {
	if t.limits.Idle > 0 {
		t.activity.Moved(time.Since(t.accepted))
	}
}

// received notes a byte from the peer.
func (t *timers) received() {
	if !t.layered {
		t.activity.Hear()
	}
	t.active()
}

// beneath leaves it to another layer to notice what the peer says.
func (t *timers) beneath() (heard func()) {
	t.layered = true
	return t.activity.Hear
}

// writeDeadline is when a wait for the peer to read ends.
func (t *timers) writeDeadline() expiry {
	at, reason := t.activity.Expires(t.limits)
	if at == 0 {
		return expiry{}
	}
	return expiry{when: t.accepted.Add(at), err: &Expired{Reason: reason}}
}

// readDeadline is when a wait for the peer's bytes ends; deadline, when not
// zero, is one more bound.
func (t *timers) readDeadline(deadline time.Time) expiry {
	e := t.writeDeadline()
	if !deadline.IsZero() && (e.when.IsZero() || deadline.Before(e.when)) {
		e = expiry{when: deadline, err: os.ErrDeadlineExceeded}
	}
	return e
}

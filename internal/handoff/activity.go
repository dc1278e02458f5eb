package handoff

import (
	"math"
	"sync/atomic"
	"time"
)

// Activity is what the timers of a connection go by. Who moves the bytes writes
// it, also while somebody else looks. Times are counted from when the connection
// was accepted.
type Activity struct {
	last  atomic.Int64 // nanoseconds
	heard atomic.Bool
}

// Reset begins a new connection.
func (a *Activity) Reset() {
	a.last.Store(0)
	a.heard.Store(false)
}

// Moved notes a byte, either way.
func (a *Activity) Moved(at time.Duration) { a.last.Store(int64(at)) }

// Last is when the last byte was moved, as far as Moved was told.
func (a *Activity) Last() time.Duration { return time.Duration(a.last.Load()) }

// Hear notes a byte from the peer.
func (a *Activity) Hear() {
	if !a.heard.Load() {
		a.heard.Store(true)
	}
}

// Heard reports whether a byte has come from the peer.
func (a *Activity) Heard() bool { return a.heard.Load() }

// Expires is when the next of the limits expires, and as what; zero is never.
func (a *Activity) Expires(l Limits) (at time.Duration, reason Reason) {
	sooner := func(from, d time.Duration, why Reason) {
		if d > 0 && from <= math.MaxInt64-d && (at == 0 || from+d < at) {
			at, reason = from+d, why
		}
	}
	sooner(a.Last(), l.Idle, Idle)
	sooner(0, l.MaxTime, MaxTime)
	if !a.Heard() {
		sooner(0, l.FirstByte, FirstByte)
	}
	return at, reason
}

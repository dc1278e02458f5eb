// Package wait asks a target until it is there, or gone.
package wait

import (
	"context"
	"time"

	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
)

// Config says what is waited for. Zero is the default.
type Config struct {
	Spec     attempt.Spec
	Interval time.Duration // between the starts of attempts; zero grows from 5 ms
	For      int           // successes in a row, default 1
	Down     bool          // wait until the target is gone instead
	Slots    attempt.Slots // bound the attempts at once; nil is no bound
	// Turn, if not nil, is called for the first attempt and for every one that ends
	// differently from the one before.
	Turn func(r *attempt.Result, since time.Duration)
}

// The growing interval.
const (
	firstInterval  = 5 * time.Millisecond
	localInterval  = 25 * time.Millisecond  // at most, on loopback and unix sockets
	remoteInterval = 250 * time.Millisecond // at most, elsewhere
)

// Ending is how waiting for one target ended.
type Ending struct {
	Last     attempt.Result
	Done     bool // the target became what was waited for
	Down     bool // it was to go away
	Attempts int
	Outcomes [attempt.Outcomes]int64 // of the attempts
	Took     time.Duration
	History  []Stretch
}

// Stretch is a time during which every attempt ended the same way.
type Stretch struct {
	Outcome  attempt.Outcome
	From, To time.Duration // since the start
}

// maxHistory bounds the stretches that are kept: a target that flaps for days
// must not fill the memory. The last one then stands for all later ones.
const maxHistory = 200

// Run waits for one target until it is as it should be or ctx ends.
func Run(ctx context.Context, c Config, to socket.Addr) Ending {
	began := time.Now()
	e := Ending{Down: c.Down}
	row, gap := 0, firstInterval
	for {
		r := c.Slots.Try(ctx, &c.Spec, to, nil)
		if e.Attempts > 0 && cutShort(ctx, r.Outcome) {
			return e.end(began) // the one before tells more
		}
		e.Last = r
		e.Attempts++
		e.Outcomes[r.Outcome]++
		since := e.Last.Start.Sub(began)
		e.Took = time.Since(began)
		e.note(&c, since)
		row++
		if !c.reached(ctx, &e.Last) {
			row = 0
		}
		if row >= max(c.For, 1) {
			e.Done = true
			return e
		}
		if !clock.Sleep(ctx, c.rest(&gap, &e.Last)) {
			return e.end(began)
		}
	}
}

// cutShort reports whether an attempt ended because the wait did: the timeout, or
// the name that was not found, is the deadline's, and says nothing of the target.
func cutShort(ctx context.Context, o attempt.Outcome) bool {
	switch o {
	case attempt.Cancelled, attempt.Timeout, attempt.DNSError:
		return ctx.Err() != nil
	}
	return false
}

// end completes the ending of a wait that did not succeed.
func (e Ending) end(began time.Time) Ending {
	e.Took = time.Since(began)
	e.History[len(e.History)-1].To = e.Took
	return e
}

// reached reports whether an attempt shows what is waited for. A target is gone
// only when an attempt says so: not when a name does not resolve, nor when the
// attempt failed on this side or was cut short.
func (c *Config) reached(ctx context.Context, r *attempt.Result) bool {
	if !c.Down {
		return r.OK()
	}
	return !r.OK() && r.Outcome != attempt.DNSError && r.Outcome.Verdict() && ctx.Err() == nil
}

// note adds an attempt to the history.
func (e *Ending) note(c *Config, since time.Duration) {
	last := len(e.History) - 1
	switch {
	case last >= 0 && (e.History[last].Outcome == e.Last.Outcome || last+1 >= maxHistory):
		if last+1 >= maxHistory {
			e.History[last].Outcome = e.Last.Outcome
		}
		e.History[last].To = e.Took
		return
	case last >= 0:
		e.History[last].To = since
	}
	from := since
	if e.Last.OK() {
		from = e.Took // it was there when the answer came
	}
	e.History = append(e.History, Stretch{e.Last.Outcome, from, e.Took})
	if c.Turn != nil {
		c.Turn(&e.Last, since)
	}
}

// rest is how long after the end of an attempt the next one starts: an attempt's own
// time is part of the interval.
func (c *Config) rest(grown *time.Duration, r *attempt.Result) time.Duration {
	return c.gap(grown, r) - r.Total
}

// gap is how long after the start of an attempt the next one starts.
func (c *Config) gap(grown *time.Duration, r *attempt.Result) time.Duration {
	if c.Interval > 0 {
		return c.Interval
	}
	now := *grown
	limit := remoteInterval
	if r.Peer().Addr().IsLoopback() || target.Local(r.Target, nil) {
		limit = localInterval
	}
	*grown = min(now*3/2, remoteInterval)
	return min(now, limit)
}

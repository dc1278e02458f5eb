// Package tally counts attempts: by outcome, how long they took, when the target
// went down and came up again, and whether thresholds hold. Its memory does not
// grow with the number of attempts.
package tally

import (
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/histogram"
)

// Tally is the count of one target's attempts. The zero value is empty. It is
// not safe for concurrent use.
type Tally struct {
	Sent     int64
	OK       int64
	Missed   int64 // ticks of a schedule at which no attempt could start
	Outcomes [attempt.Outcomes]int64
	Response histogram.Histogram // of ok attempts, from when they were due, and of missed ticks
	Service  histogram.Histogram // of ok attempts, from when they started
	Packets  int64               // that asked, where their number is known: SYNs
	Lost     int64               // of these, the ones that were not answered

	last   time.Duration // of the attempt before, when it was ok
	wobble time.Duration // sum of differences between neighbours
	pairs  int64
	track
}

// Count counts an attempt that belongs to no series: the tally gets no state.
func (t *Tally) Count(r *attempt.Result) {
	t.count(r)
	if r.OK() {
		t.OK++
		t.Response.Add(r.Total)
		t.Service.Add(r.Total)
	}
}

// count counts an attempt, and its packets.
func (t *Tally) count(r *attempt.Result) {
	t.Sent++
	t.Outcomes[r.Outcome]++
	sent, lost := r.Opening()
	t.Packets, t.Lost = t.Packets+sent, t.Lost+lost
}

// Add counts an attempt that was due at a time. Attempts are added in the order
// in which they were due. It returns the change of state that it means, or nil.
func (t *Tally) Add(due time.Time, r *attempt.Result) *Change {
	t.count(r)
	if r.OK() {
		t.OK++
		t.Response.Add(r.Start.Sub(due) + r.Total)
		t.Service.Add(r.Total)
		if t.last > 0 {
			t.wobble += (r.Total - t.last).Abs()
			t.pairs++
		}
		t.last = r.Total
	} else {
		t.last = 0
	}
	if !r.Outcome.Verdict() {
		return nil // says nothing about the target
	}
	return t.observe(due, r)
}

// Miss counts n ticks, an interval apart, at which no attempt could start. The first
// was due a time late before the next attempt: that is how long each was late at least,
// and response times have it so, although nobody knows how it would have ended.
func (t *Tally) Miss(n int64, late, interval time.Duration) {
	t.Missed += n
	const most = 10_000 // entries; of more ticks, neighbours are counted as one time, the shortest
	together := (n + most - 1) / most
	for first := int64(0); first < n; first += together {
		last := min(first+together, n)
		t.Response.AddN(late-time.Duration(last-1)*interval, last-first)
	}
}

// Merge adds the counts and times of another tally. States and jitter belong to a series,
// and stay what they are.
func (t *Tally) Merge(o *Tally) {
	t.Sent, t.OK, t.Missed = t.Sent+o.Sent, t.OK+o.OK, t.Missed+o.Missed
	t.Packets, t.Lost = t.Packets+o.Packets, t.Lost+o.Lost
	for i, n := range o.Outcomes {
		t.Outcomes[i] += n
	}
	t.Response.Merge(&o.Response)
	t.Service.Merge(&o.Service)
}

// Jitter is the mean difference between the times of neighbouring attempts.
func (t *Tally) Jitter() time.Duration {
	if t.pairs == 0 {
		return 0
	}
	return t.wobble / time.Duration(t.pairs)
}

// Ended is how many attempts came to an end: all but those that were given up.
func (t *Tally) Ended() int64 { return t.Sent - t.Outcomes[attempt.Cancelled] }

// Failed is how many attempts ended otherwise than ok.
func (t *Tally) Failed() int64 { return t.Ended() - t.OK }

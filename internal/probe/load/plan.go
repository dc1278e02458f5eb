package load

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// forever is a time that does not come.
const forever = time.Duration(math.MaxInt64)

// plan says when requests are due. Its times count from its beginning.
type plan struct {
	Config
	began time.Time
	end   time.Duration // no request is due, or begun, later
	all   int64         // requests in all
	next  atomic.Int64  // requests that somebody has claimed
	held  atomic.Int64  // connections of Idle that are open, or have failed
	hold  atomic.Int64  // when connections of Idle are asked and let go; zero is not known yet
}

func newPlan(c *Config) *plan {
	p := &plan{Config: *c, end: forever, all: math.MaxInt64}
	if c.Duration > 0 && c.Pattern != Idle {
		p.end = c.Warmup + c.Duration
		if c.Rate > 0 {
			p.all = int64(math.Ceil(p.end.Seconds() * c.Rate))
		}
	}
	if c.Count > 0 {
		p.all = min(p.all, c.Count+p.warm())
	}
	p.began = time.Now()
	return p
}

// warm is how many requests belong to the warm-up of an open loop.
func (p *plan) warm() int64 { return int64(math.Ceil(p.Warmup.Seconds() * p.Rate)) }

// now is the time since the beginning.
func (p *plan) now() time.Duration { return time.Since(p.began) }

// due is when a request of an open loop is due.
func (p *plan) due(number int64) time.Duration {
	return time.Duration(float64(number) / p.Rate * float64(time.Second))
}

// claim takes the next request, for a connection that is free: when it is due, which may
// be to come. Without ok there is no more.
func (p *plan) claim(now time.Duration) (due time.Duration, ok bool) {
	if now >= p.end {
		return 0, false
	}
	number := p.next.Add(1) - 1
	if number >= p.all {
		return 0, false
	}
	if p.Rate > 0 {
		return p.due(number), true
	}
	return now, true
}

// skipped is how many requests were due by a time and nobody claimed, and when the first
// was: the target was too slow.
func (p *plan) skipped(by time.Duration) (n int64, first time.Duration) {
	if p.Rate <= 0 {
		return 0, 0
	}
	all := min(p.all, int64(math.Ceil(by.Seconds()*p.Rate)))
	claimed := max(p.next.Load(), p.warm())
	return max(all-claimed, 0), p.due(claimed)
}

// stays tells that a connection of Idle is open, or never will be. The hold begins with
// the last one.
func (p *plan) stays(now time.Duration) {
	if p.held.Add(1) == p.all {
		p.hold.Store(int64(now + p.Duration))
	}
}

// letGo reports whether the connections of Idle have been held long enough.
func (p *plan) letGo(now time.Duration) bool {
	at := p.hold.Load()
	return at > 0 && p.Duration > 0 && now >= time.Duration(at)
}

// behind is for how long, at the end, no request has found a connection free: none of the
// threads' requests.
func behind(lanes []*lane, over time.Duration) time.Duration {
	least := over
	for _, l := range lanes {
		if l.behind == 0 {
			return 0
		}
		least = min(least, over-l.behind)
	}
	return least
}

// report sums up.
func (p *plan) report(ctx context.Context, lanes []*lane) *Report {
	r := &Report{Stats: *merged(lanes), Config: p.Config, Elapsed: min(p.now(), p.end) - p.Warmup}
	if p.Pattern != Idle && p.Duration <= 0 && r.last > 0 {
		r.Elapsed = r.last - p.Warmup
	}
	over := p.end
	if ctx.Err() != nil || over == forever {
		over = min(over, p.now())
	}
	if n, first := p.skipped(over); n > 0 {
		interval := time.Duration(float64(time.Second) / p.Rate)
		r.Miss(n, over-first, interval)
		if p.Course {
			r.Course.Miss(first-p.Warmup, n, over-first, interval)
		}
	}
	r.Verdict = r.judge(behind(lanes, over))
	return r
}

//go:build !portable

package pool

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/admit"
	"nettool/internal/handoff"
)

// patience is how long a child may take for what takes milliseconds. One that
// hangs, was stopped, or does not want to, is killed then.
type patience struct {
	start  time.Duration // until it is ready
	take   time.Duration // to take a connection that it was given
	retire time.Duration // to end once its link is closed
}

var usualPatience = patience{start: 10 * time.Second, take: 5 * time.Second, retire: 5 * time.Second}

// The bounds of how often children are looked after while any has something to
// do.
const (
	fastestLook = 50 * time.Millisecond
	slowestLook = time.Second
)

// lookAfter kills the children that take longer than they may.
func (p *Pool) lookAfter() {
	p.guard = nil
	now := time.Now()
	for w := range p.children {
		if !w.ended {
			p.look(w, now)
		}
	}
	p.keepLooking()
}

// keepLooking has lookAfter called while any child has something to do.
func (p *Pool) keepLooking() {
	if p.guard == nil && len(p.children) > len(p.idle) {
		p.guard = p.loop.After(p.pace, p.lookAfter)
	}
}

// look kills the child if it takes too long for what it does.
func (p *Pool) look(w *worker, now time.Time) {
	late := now.Sub(w.since)
	switch {
	case w.retired:
		p.limit(w, late, p.patience.retire, "did not end")
	case !w.warm:
		p.limit(w, late, p.patience.start, "did not get ready")
	case w.conn == nil:
	case !w.child.Taken():
		if p.limit(w, late, p.patience.take, "did not take its connection") {
			w.conn.Force(handoff.Error)
			return
		}
		p.backUp(w, new(handoff.Activity), handoff.Limits{MaxTime: p.cfg.Child.Limits.MaxTime})
	case w.conn.Anonymous:
		p.lookAtHeader(w, late)
	default:
		p.backUp(w, w.child.Page().Activity(), p.cfg.Child.Limits)
	}
}

// lookAtHeader kills a child that does not keep to the time of a header, or does
// not let go of a connection that was turned away.
func (p *Pool) lookAtHeader(w *worker, late time.Duration) {
	limit, what := p.cfg.Child.HeaderTime+p.patience.take, "did not come to an end with a header"
	if w.verdict.cause != admit.None {
		limit, what = p.patience.retire, "did not let go of a connection that was turned away"
	}
	if p.limit(w, late, limit, what) {
		w.conn.Force(handoff.Error)
	}
}

// limit kills the child, and says so, if it is later than it may be.
func (p *Pool) limit(w *worker, late, limit time.Duration, what string) (killed bool) {
	if late < limit {
		return false
	}
	w.fault = fmt.Sprintf("child %d %s in %v: killed", w.child.PID, what, limit)
	p.host.Short("child", fmt.Errorf("%s", w.fault))
	p.kill(w)
	return true
}

// backUp kills a child that does not keep to the limits of its connection by
// itself.
func (p *Pool) backUp(w *worker, activity *handoff.Activity, limits handoff.Limits) {
	after, reason := activity.Expires(limits)
	age := time.Duration(handoff.Now() - w.conn.Accepted)
	if after != 0 && p.cfg.KillAfter >= 0 && age-after > p.cfg.KillAfter {
		w.conn.Force(reason)
		p.kill(w)
	}
}

// pace is how often children are looked after: often enough for the shortest
// limit.
func pace(l handoff.Limits, killAfter time.Duration) time.Duration {
	shortest := slowestLook
	for _, d := range []time.Duration{l.FirstByte, l.Idle, l.MaxTime} {
		if d > 0 {
			shortest = min(shortest, (d+max(killAfter, 0))/4)
		}
	}
	return max(shortest, fastestLook)
}

// kill kills a child with all that it may have started. It is reaped as ever.
func (p *Pool) kill(w *worker) {
	w.ended = true
	unix.Kill(-w.child.PID, unix.SIGKILL)
}

// End kills all children.
func (p *Pool) End() {
	p.ended = true
	for w := range p.children {
		p.kill(w)
	}
}

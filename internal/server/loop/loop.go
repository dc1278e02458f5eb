// Package loop is the server's event loop: one goroutine runs callbacks, so that
// what they touch needs no locks. There are three sources of callbacks: timers,
// functions that other goroutines post, and sockets that listen. On Linux the
// loop waits in epoll_wait(2), and watches descriptors of any kind; elsewhere,
// and on Linux with the build tag portable, each listener has an accepting
// goroutine, and the loop waits for a channel.
package loop

import (
	"sync"
	"time"
)

// Loop is an event loop. Only Post may be called by other goroutines than the one
// in Run.
type Loop struct {
	poller
	timers  timers
	refused int // clients that were told to go, and are not gone

	mu      sync.Mutex
	posted  []func()
	waiting bool // in the poller, which has not been woken
}

// New makes a loop. The caller closes it. parked says that it works together with
// goroutines rather than with processes, which is a matter of speed only.
func New(parked bool) (*Loop, error) {
	l := &Loop{}
	if err := l.poller.open(parked); err != nil {
		return nil, err
	}
	return l, nil
}

// Close ends the loop after Run has returned.
func (l *Loop) Close() { l.poller.close() }

// Post runs fn in the loop, soon.
func (l *Loop) Post(fn func()) {
	l.mu.Lock()
	l.posted = append(l.posted, fn)
	if l.waiting {
		l.waiting = false
		l.poller.wake()
	}
	l.mu.Unlock()
}

// Run runs callbacks until done says so. settle runs before the first turn and
// after each.
func (l *Loop) Run(done func() bool, settle func()) error {
	settle()
	for !done() {
		if err := l.poller.wait(l.prepare()); err != nil {
			return err
		}
		l.runPosted()
		l.timers.fire()
		settle()
	}
	return nil
}

// prepare is how long the poller may wait.
func (l *Loop) prepare() (timeout time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = true
	if len(l.posted) > 0 {
		l.poller.prepare(time.Unix(1, 0))
		return 0
	}
	until := l.timers.next()
	l.poller.prepare(until)
	if until.IsZero() {
		return -1
	}
	return max(time.Until(until), 0)
}

func (l *Loop) runPosted() {
	l.mu.Lock()
	todo := l.posted
	l.posted, l.waiting = nil, false
	l.mu.Unlock()
	for _, fn := range todo {
		fn()
	}
}

// After calls fn after d, unless the timer is cancelled before.
func (l *Loop) After(d time.Duration, fn func()) *Timer { return l.timers.add(d, fn) }

// Cancel stops a timer. A nil one, and one that has fired, are fine.
func (l *Loop) Cancel(t *Timer) { l.timers.cancel(t) }

// MostRefused is how many descriptors Refuse holds.
const MostRefused = 64

// The bounds of how long, and how much, Refuse listens to a client that was told
// to go.
const (
	refuseTime  = time.Second
	refuseBytes = 1 << 20
)

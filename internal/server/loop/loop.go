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
	timers timers

	mu     sync.Mutex
	posted []func()
	woken  bool // the poller has been told already
}

// New makes a loop. The caller closes it.
func New() (*Loop, error) {
	l := &Loop{}
	if err := l.poller.open(); err != nil {
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
	wake := !l.woken
	l.woken = true
	l.mu.Unlock()
	if wake {
		l.poller.wake()
	}
}

// Run runs callbacks until done says so. settle runs before the first turn and
// after each.
func (l *Loop) Run(done func() bool, settle func()) error {
	settle()
	for !done() {
		if err := l.poller.wait(l.timers.next()); err != nil {
			return err
		}
		l.runPosted()
		l.timers.fire()
		settle()
	}
	return nil
}

func (l *Loop) runPosted() {
	l.mu.Lock()
	todo := l.posted
	l.posted, l.woken = nil, false
	l.mu.Unlock()
	for _, fn := range todo {
		fn()
	}
}

// After calls fn after d, unless the timer is cancelled before.
func (l *Loop) After(d time.Duration, fn func()) *Timer { return l.timers.add(d, fn) }

// Cancel stops a timer. A nil one, and one that has fired, are fine.
func (l *Loop) Cancel(t *Timer) { l.timers.cancel(t) }

package server

import (
	"errors"
	"syscall"
	"time"
)

// The waits after running out of something.
const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// calm is how long nothing must run out before it is said again that something
// has.
const calm = 10 * time.Second

// lack says once that something has run out, however often it does.
type lack struct{ last time.Time }

// said notes that something has run out, and reports whether that was said.
func (l *lack) said() bool {
	now := time.Now()
	said := !l.last.IsZero() && now.Sub(l.last) < calm
	l.last = now
	return said
}

// longer is the wait after one of d.
func longer(d time.Duration) time.Duration { return min(max(2*d, firstBackoff), lastBackoff) }

// exhaustion reports whether err means that the machine, or our share of it, is
// used up for now.
func exhaustion(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

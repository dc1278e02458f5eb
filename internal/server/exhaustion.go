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

// lack says once that something has run out, however often it does. It is kept
// by what was being done, which is one of a few words.
type lack map[string]time.Time

// said notes that something has run out, and reports whether that was said.
func (l *lack) said(doing string) bool {
	if *l == nil {
		*l = lack{}
	}
	now := time.Now()
	last, before := (*l)[doing]
	(*l)[doing] = now
	return before && now.Sub(last) < calm
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

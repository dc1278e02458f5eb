package loop

import (
	"errors"
	"syscall"
	"time"
)

// The waits after running out of something.
const (
	FirstBackoff = 50 * time.Millisecond
	LastBackoff  = 2 * time.Second
)

// Longer is the wait that follows one of d.
func Longer(d time.Duration) time.Duration { return min(max(2*d, FirstBackoff), LastBackoff) }

// Exhausted reports whether err means that the machine, or our share of it, is
// used up for now.
func Exhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// NoDescriptors reports whether err means that there is no descriptor left.
func NoDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

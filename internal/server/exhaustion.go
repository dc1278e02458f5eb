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

package attempt

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"nettool/internal/socket"
)

// TestMostTelling: of failures the one that says most about the target is
// reported, and of those that say as much the first.
func TestMostTelling(t *testing.T) {
	t.Parallel()
	for want, errs := range map[int][]error{
		0: {syscall.ETIMEDOUT},
		1: {syscall.ENETUNREACH, syscall.ECONNREFUSED, syscall.ETIMEDOUT},
		2: {syscall.EMFILE, syscall.ENETUNREACH, context.DeadlineExceeded, errors.New("odd")},
		3: {syscall.EMFILE, syscall.ENETUNREACH, syscall.ETIMEDOUT, syscall.ECONNRESET, syscall.ECONNREFUSED},
	} {
		var tries []socket.Try[*link]
		for _, err := range errs {
			tries = append(tries, socket.Try[*link]{Err: err})
		}
		if got := mostTelling(tries); got != want {
			t.Errorf("of %v number %d, want %d", errs, got, want)
		}
	}
}

package handoff

import (
	"math"
	"testing"
	"time"
)

// TestExpires: of several limits the one that expires first is told; what was
// heard, and when the last byte was moved, count.
func TestExpires(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limits Limits
		last   time.Duration // a byte from the peer; negative is none
		at     time.Duration
		reason Reason
	}{
		{Limits{}, -1, 0, EOF},
		{Limits{FirstByte: 3}, -1, 3, FirstByte},
		{Limits{FirstByte: 3}, 1, 0, EOF},
		{Limits{FirstByte: 3, Idle: 2, MaxTime: 9}, -1, 2, Idle},
		{Limits{FirstByte: 3, Idle: 2, MaxTime: 9}, 6, 8, Idle},
		{Limits{FirstByte: 3, Idle: 2, MaxTime: 9}, 8, 9, MaxTime},
		{Limits{FirstByte: -1, Idle: -1, MaxTime: -1}, -1, 0, EOF},
		{Limits{Idle: math.MaxInt64}, 1, 0, EOF},
	} {
		var a Activity
		if test.last >= 0 {
			a.Hear()
			a.Moved(test.last)
		}
		if at, reason := a.Expires(test.limits); at != test.at || reason != test.reason {
			t.Errorf("%+v, last byte at %d: %v at %d; want %v at %d", test.limits, test.last, reason, at, test.reason, test.at)
		}
		if a.Reset(); a.Heard() || a.Last() != 0 {
			t.Errorf("%+v: something is left", test.limits)
		}
	}
}

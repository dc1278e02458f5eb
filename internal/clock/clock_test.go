package clock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleep(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d, limit, took time.Duration
		lasts          bool
	}{
		{time.Second, time.Hour, time.Second, true},
		{time.Hour, time.Second, time.Second, false},
		{0, time.Second, 0, true},
		{-time.Second, time.Second, 0, true},
		{0, 0, 0, false},
		{time.Second, 0, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.limit)
			defer cancel()
			began := time.Now()
			if lasts := Sleep(ctx, test.d); lasts != test.lasts || time.Since(began) != test.took {
				t.Errorf("%v within %v: %v after %v", test.d, test.limit, lasts, time.Since(began))
			}
		})
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		stop := Every(time.Second, func() { n++ })
		time.Sleep(3500 * time.Millisecond)
		stop()
		time.Sleep(time.Minute)
		if n != 3 {
			t.Errorf("called %d times, want 3", n)
		}
	})
}

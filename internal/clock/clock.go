// Package clock waits.
package clock

import (
	"context"
	"sync"
	"time"
)

// Sleep waits for d, or until ctx ends if that is sooner. It reports whether ctx
// lasts.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return ctx.Err() == nil
}

// Every calls f in a goroutine of its own, every d, until stop is called. When
// stop returns, f does not run and will not run again.
func Every(d time.Duration, f func()) (stop func()) {
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() { repeat(d, f, done) })
	return func() {
		close(done)
		work.Wait()
	}
}

func repeat(d time.Duration, f func(), done <-chan struct{}) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			f()
		}
	}
}

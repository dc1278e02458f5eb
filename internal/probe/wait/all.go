package wait

import (
	"context"
	"sync"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// All waits for many targets at once until need of them are as they should be
// (zero is all of them) or ctx ends. Every ending goes to emit, from one
// goroutine; those of targets that need not be waited for any longer are not
// Done. It returns how many were.
func All(ctx context.Context, c Config, targets []socket.Addr, need int, emit func(*Ending)) (done int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if need <= 0 {
		need = len(targets)
	}
	if c.Slots == nil {
		c.Slots = attempt.NewSlots(attempt.Room())
	}
	var waiting sync.WaitGroup
	endings := make(chan Ending)
	for _, to := range targets {
		waiting.Go(func() { endings <- Run(ctx, c, to) })
	}
	for range targets {
		e := <-endings
		if e.Done {
			done++
		}
		if done >= need {
			cancel()
		}
		emit(&e)
	}
	waiting.Wait()
	return done
}

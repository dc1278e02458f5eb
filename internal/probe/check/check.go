// Package check asks many targets once, in parallel, and decides whether enough
// of them answered.
package check

import (
	"context"
	"sync"
	"time"

	"nettool/internal/clock"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

// Config says what to ask. Zero is the default.
type Config struct {
	Spec    attempt.Spec
	Need    int           // targets that must be ok; zero is all. When reached before the last, the rest is cancelled
	Retries int           // further attempts after one that is not ok
	Delay   time.Duration // between attempts at one target
}

// most bounds the attempts that run at once.
const most = 512

// numbered is a result and its place in the order of the targets.
type numbered struct {
	at int
	r  attempt.Result
}

// Run asks all targets and hands every result to emit, in the order of the
// targets, from one goroutine. The tally counts the results.
func Run(ctx context.Context, c Config, targets []socket.Addr, emit func(*attempt.Result)) *tally.Tally {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue, done := make(chan int), make(chan numbered)
	var workers sync.WaitGroup
	for range atOnce(len(targets), attempt.Room()) {
		workers.Go(func() { c.work(ctx, targets, queue, done) })
	}
	go feed(len(targets), queue)
	count, next := &tally.Tally{}, 0
	early := map[int]attempt.Result{}
	for range targets {
		n := <-done
		count.Count(&n.r)
		if c.Need > 0 && count.OK >= int64(c.Need) {
			cancel()
		}
		early[n.at] = n.r
		for r, ok := early[next]; ok; r, ok = early[next] {
			emit(&r)
			delete(early, next)
			next++
		}
	}
	workers.Wait()
	return count
}

// atOnce returns how many attempts at n targets run at once, given room for that
// many connections: half of it, because looking up a name takes descriptors, too.
func atOnce(n, room int) int { return min(n, most, max(room/2, 1)) }

func feed(n int, queue chan<- int) {
	for i := range n {
		queue <- i
	}
	close(queue)
}

func (c *Config) work(ctx context.Context, targets []socket.Addr, queue <-chan int, done chan<- numbered) {
	for i := range queue {
		done <- numbered{i, c.ask(ctx, targets[i])}
	}
}

// ask tries one target until it is ok or the retries are used up. The result is
// the last attempt's.
func (c *Config) ask(ctx context.Context, to socket.Addr) attempt.Result {
	for tries := 1; ; tries++ {
		r := c.Spec.Try(ctx, to, nil)
		r.Tries = tries
		if r.OK() || tries > c.Retries || !clock.Sleep(ctx, c.Delay) {
			return r
		}
	}
}

// Code is the exit code: OK when need targets were ok; NoName or Local when that
// is all that was wrong with the others; No otherwise.
func Code(t *tally.Tally, need int) exit.Code {
	if need <= 0 {
		need = int(t.Sent)
	}
	wrong := t.Failed()
	switch {
	case t.OK >= int64(need):
		return exit.OK
	case wrong > 0 && wrong == t.Outcomes[attempt.DNSError]:
		return exit.NoName
	case wrong > 0 && wrong == t.Outcomes[attempt.LocalError]:
		return exit.Local
	}
	return exit.No
}

package socket

import (
	"context"
	"net/netip"
	"time"
)

// attemptDelay is how long an attempt runs before the next candidate is tried
// alongside it (RFC 8305, section 5).
const attemptDelay = 250 * time.Millisecond

// Try is one attempt of a race, and what became of it.
type Try[T any] struct {
	At      netip.AddrPort
	Conn    T // the caller's if the attempt won, useless otherwise
	Err     error
	Elapsed time.Duration
}

// Race connects to whichever candidate answers first (Happy Eyeballs, RFC 8305):
// the families alternate, and another candidate is tried as soon as an attempt
// has failed, or attemptDelay after the latest began. dial makes one attempt; what
// it connects after another has won goes to drop. No attempt outlives the race,
// and none but the first begins once ctx has ended.
//
// tries are the attempts that were made, in the order in which they began; winner
// is the index of the one that connected, or -1.
func Race[T any](ctx context.Context, candidates []netip.AddrPort, dial func(context.Context, netip.AddrPort) (T, error), drop func(T)) (tries []Try[T], winner int) {
	r := &racer[T]{dial: dial, tries: make([]Try[T], len(candidates))}
	for i, at := range interleave(candidates) {
		r.tries[i].At = at
	}
	if len(candidates) == 1 { // spare it the goroutine
		if r.try(ctx, 0); r.tries[0].Err != nil {
			return r.tries, -1
		}
		return r.tries, 0
	}
	r.over = make(chan int, len(candidates))
	ctx, cancel := context.WithCancel(ctx)
	winner = r.run(ctx)
	cancel()
	r.drain(drop)
	return r.tries[:r.started], winner
}

// racer runs the attempts of one race. A try belongs to its attempt until that is
// over; the counters are the race's own.
type racer[T any] struct {
	dial    func(context.Context, netip.AddrPort) (T, error)
	tries   []Try[T] // one a candidate, in the order in which they begin
	over    chan int // indices of attempts; a slot for each: nobody waits to send
	started int
	ended   int
}

// run returns the index of the first attempt that connects, or -1 when all that
// were started have failed.
func (r *racer[T]) run(ctx context.Context) int {
	timer := time.NewTimer(attemptDelay)
	defer timer.Stop()
	for r.start(ctx); r.ended < r.started; {
		select {
		case i := <-r.over:
			r.ended++
			if r.tries[i].Err == nil {
				return i
			}
		case <-timer.C:
		}
		r.start(ctx)
		timer.Reset(attemptDelay)
	}
	return -1
}

// start begins the next attempt, if a candidate is left and ctx lasts.
func (r *racer[T]) start(ctx context.Context) {
	if r.started == len(r.tries) || (r.started > 0 && ctx.Err() != nil) {
		return
	}
	go r.attempt(ctx, r.started)
	r.started++
}

func (r *racer[T]) attempt(ctx context.Context, i int) {
	r.try(ctx, i)
	r.over <- i
}

func (r *racer[T]) try(ctx context.Context, i int) {
	t, began := &r.tries[i], time.Now()
	t.Conn, t.Err = r.dial(ctx, t.At)
	t.Elapsed = time.Since(began)
}

// drain waits for the attempts that lost and drops what they connected.
func (r *racer[T]) drain(drop func(T)) {
	for ; r.ended < r.started; r.ended++ {
		if t := &r.tries[<-r.over]; t.Err == nil {
			drop(t.Conn)
		}
	}
}

// interleave alternates families, beginning with the first candidate's (RFC
// 8305, section 4).
func interleave(candidates []netip.AddrPort) []netip.AddrPort {
	var first, second, mixed []netip.AddrPort
	for _, c := range candidates {
		if c.Addr().Is4() == candidates[0].Addr().Is4() {
			first = append(first, c)
		} else {
			second = append(second, c)
		}
	}
	for len(first) > 0 || len(second) > 0 {
		if len(first) > 0 {
			mixed, first = append(mixed, first[0]), first[1:]
		}
		if len(second) > 0 {
			mixed, second = append(mixed, second[0]), second[1:]
		}
	}
	return mixed
}

package attempt

import (
	"context"
	"net/netip"
	"time"

	"nettool/internal/socket"
)

// headStart is how long a candidate is alone before the next one starts (RFC
// 8305, "Connection Attempt Delay").
const headStart = 250 * time.Millisecond

// race connects to the first candidate that answers. When none does, the error
// is the one that tells most. r gets the address that the error or the link
// belongs to.
func race(ctx context.Context, r *Result, candidates []netip.AddrPort, half bool) (*link, error) {
	if len(candidates) == 1 {
		at := candidates[0]
		if at.IsValid() {
			r.Addr = at.String()
		}
		l := &link{}
		err := knock(ctx, l, r.Target, at, half)
		if err != nil {
			r.measure(l.info())
			return nil, err
		}
		return l, nil
	}
	best, err := runHeats(ctx, candidates, func(ctx context.Context, l *link, at netip.AddrPort) error {
		return knock(ctx, l, r.Target, at, half)
	})
	r.Addr = best.at.String()
	if err != nil {
		r.measure(best.link.info())
		return nil, err
	}
	return best.link, nil
}

// heat is one candidate's try.
type heat struct {
	at   netip.AddrPort
	link *link
	err  error
}

// knocker connects l to at. On failure l holds nothing.
type knocker func(ctx context.Context, l *link, at netip.AddrPort) error

// runHeats starts the candidates one after another and returns the first that
// connects, or the most telling failure. Links that lose are closed.
func runHeats(ctx context.Context, candidates []netip.AddrPort, knock knocker) (best heat, err error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan heat)
	started, running := 0, 0
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if late := <-done; late.err == nil {
				late.link.close()
			}
		}
	}()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if started < len(candidates) {
				go runHeat(ctx, done, candidates[started], knock)
				started, running = started+1, running+1
				next.Reset(headStart)
			}
		case h := <-done:
			running--
			if h.err == nil {
				return h, nil
			}
			if best.err == nil || telling(h.err) > telling(best.err) {
				best = h
			}
			if running == 0 && started == len(candidates) {
				return best, best.err
			}
			next.Reset(0)
		}
	}
}

func runHeat(ctx context.Context, done chan<- heat, at netip.AddrPort, knock knocker) {
	h := heat{at: at, link: &link{}}
	h.err = knock(ctx, h.link, at)
	done <- h
}

// telling ranks failures by what they say about the target: a refusal is an
// answer, a missing route is this machine's business.
func telling(err error) int {
	switch socket.ClassOf(err) {
	case socket.Refused, socket.Reset:
		return 3
	case socket.Timeout, socket.Unclassified:
		return 2
	case socket.Unreachable:
		return 1
	}
	return 0
}

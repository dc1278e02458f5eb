package attempt

import (
	"context"
	"net/netip"

	"nettool/internal/socket"
)

// race connects to the first candidate that answers. If none does, it returns the
// most telling error. r gets the address that the link or the error belongs to.
func (s *Spec) race(ctx context.Context, r *Result, candidates []netip.AddrPort) (*link, error) {
	tries, best := socket.Race(ctx, candidates, func(ctx context.Context, at netip.AddrPort) (*link, error) {
		l := &link{}
		err := s.knock(ctx, l, r.Target, at)
		if socket.ClassOf(err) == socket.Reset && !s.speaks(r.Target) {
			err = nil // there was a connection to reset: whether that is seen here or later is chance
		}
		return l, err
	}, (*link).close)
	if best < 0 {
		best = mostTelling(tries)
	}
	t := &tries[best]
	if t.At.IsValid() {
		r.Addr = t.At.String()
	}
	if t.Err != nil {
		r.measure(t.Conn.info())
		r.ICMP = t.Conn.icmp()
		return nil, t.Err
	}
	return t.Conn, nil
}

// mostTelling returns the index of the failure that says most about the target.
func mostTelling[T any](tries []socket.Try[T]) (best int) {
	for i := range tries {
		if telling(tries[i].Err) > telling(tries[best].Err) {
			best = i
		}
	}
	return best
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

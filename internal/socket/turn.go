package socket

import (
	"context"
	"net"
	"net/netip"
	"time"

	"nettool/internal/exit"
)

// Turn connects to candidates one after another, as tcpclient(1) does where Race would have
// them run beside each other.
type Turn struct {
	// Rounds say for how long each candidate is tried: all of them for the first, then
	// those that timed out for the next. None is tried for less than a second, in which a
	// peer on this machine has answered.
	Rounds []time.Duration
	// Failed, if it is there, hears of each candidate that is given up, at once. Its error
	// is the net package's own.
	Failed func(at netip.AddrPort, err error)
}

const shortestTurn = time.Second

// Dial connects to a TCP address. The connection is a bare *net.TCPConn and the caller's;
// errors are those of the package's Dial.
func (t Turn) Dial(ctx context.Context, a Addr, o Options) (net.Conn, error) {
	candidates, err := a.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	if candidates = o.Reachable(candidates); len(candidates) == 0 {
		return nil, exit.Errorf(exit.Usage, "source %s: %q has no address of that family", o.Source.Addr(), a)
	}
	failed := &DialError{Target: a.String()}
	for i, limit := range t.Rounds {
		var late []netip.AddrPort
		for _, at := range candidates {
			began := time.Now()
			conn, err := dialWithin(ctx, limit, a, at, o)
			switch {
			case err == nil:
				return conn, nil
			case ctx.Err() != nil:
				return nil, exit.With(exit.ConnectTimeout, context.Cause(ctx))
			case isTimeout(err) && i+1 < len(t.Rounds):
				late = append(late, at)
				continue
			}
			failed.Attempts = append(failed.Attempts, Attempt{at.String(), err, time.Since(began)})
			if t.Failed != nil {
				t.Failed(at, err)
			}
		}
		candidates = late
	}
	return nil, exit.With(failed.code(), failed)
}

func dialWithin(ctx context.Context, limit time.Duration, a Addr, at netip.AddrPort, o Options) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, max(limit, shortestTurn))
	defer cancel()
	return DialOne(ctx, a.Network, at.String(), o)
}

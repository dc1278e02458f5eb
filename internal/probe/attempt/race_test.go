package attempt

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// lane is how one candidate of a race behaves.
type lane struct {
	after    time.Duration // until it answers
	err      error         // its answer, nil for a connection
	stubborn bool          // it answers although the race is over
}

// loser is a connection that knows whether it was closed.
type loser struct {
	net.Conn
	closed bool
}

func (c *loser) Close() error { c.closed = true; return nil }

// run races the lanes. The ports of their addresses are their numbers.
func run(ctx context.Context, lanes []lane) (best heat, conns []*loser, starts []time.Duration, err error) {
	began, mu := time.Now(), sync.Mutex{}
	var candidates []netip.AddrPort
	for i := range lanes {
		candidates = append(candidates, netip.AddrPortFrom(netip.IPv6Loopback(), uint16(i)))
		conns = append(conns, &loser{})
	}
	best, err = runHeats(ctx, candidates, func(ctx context.Context, l *link, at netip.AddrPort) error {
		lane, over := lanes[at.Port()], ctx.Done()
		mu.Lock()
		starts = append(starts, time.Since(began))
		mu.Unlock()
		if lane.stubborn {
			over = nil
		}
		select {
		case <-time.After(lane.after):
		case <-over:
			return ctx.Err()
		}
		if lane.err == nil {
			l.c = conns[at.Port()]
		}
		return lane.err
	})
	return best, conns, starts, err
}

func raceCourse(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

func closed(conns []*loser) (all []bool) {
	for _, c := range conns {
		all = append(all, c.closed)
	}
	return all
}

// Connections that come after the winner's, although the attempts were told to
// stop, are closed; no attempt outlives the race, or synctest would say so.
func TestRaceClosesLosers(t *testing.T) {
	raceCourse(t, func(t *testing.T) {
		began := time.Now()
		best, conns, starts, err := run(t.Context(), []lane{
			{after: 2 * time.Second, stubborn: true},
			{after: 3 * time.Second, stubborn: true},
			{after: time.Second},
			{after: time.Hour},
		})
		if err != nil || best.at.Port() != 2 || best.link.c != conns[2] {
			t.Errorf("got %+v, %v", best, err)
		}
		if got := closed(conns); !slices.Equal(got, []bool{true, true, false, false}) {
			t.Errorf("closed: %v", got)
		}
		if want := []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond}; !slices.Equal(starts, want) {
			t.Errorf("attempts started after %v, want %v", starts, want)
		}
		if took := time.Since(began); took != 3250*time.Millisecond {
			t.Errorf("the race took %v", took)
		}
	})
}

// Two connections at the very same moment: one wins, the other is closed.
func TestRaceTie(t *testing.T) {
	raceCourse(t, func(t *testing.T) {
		best, conns, _, err := run(t.Context(), []lane{{after: time.Second, stubborn: true}, {after: 750 * time.Millisecond, stubborn: true}})
		winner := int(best.at.Port())
		if err != nil || conns[winner].closed || !conns[1-winner].closed {
			t.Errorf("%v, lane %d won, closed: %v", err, winner, closed(conns))
		}
	})
}

// When a race is called off every attempt ends, what connects too late is
// closed, and the failure is that it was called off.
func TestRaceCancelled(t *testing.T) {
	raceCourse(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, conns, starts, err := run(ctx, []lane{{after: time.Hour}, {after: time.Hour}})
		if err != context.DeadlineExceeded || len(starts) != 2 || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%v after %v and %d attempts", err, time.Since(began), len(starts))
		}
		if got := closed(conns); !slices.Equal(got, []bool{false, false}) {
			t.Errorf("closed: %v", got)
		}
	})
}

// Of connections that come when the race has been called off, one is the
// caller's, the other is closed.
func TestRaceCancelledTooLate(t *testing.T) {
	raceCourse(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		best, conns, _, err := run(ctx, []lane{{after: 2 * time.Second, stubborn: true}, {after: 4 * time.Second, stubborn: true}})
		if err != nil || best.at.Port() != 0 {
			t.Errorf("got %+v, %v", best, err)
		}
		if got := closed(conns); !slices.Equal(got, []bool{false, true}) {
			t.Errorf("closed: %v", got)
		}
	})
}

// A failure starts the next candidate at once, and the one after that waits its
// full time. Of failures the most telling one is kept.
func TestRaceGoesOnAfterAFailure(t *testing.T) {
	raceCourse(t, func(t *testing.T) {
		best, conns, starts, err := run(t.Context(), []lane{
			{after: 100 * time.Millisecond, err: syscall.ECONNREFUSED},
			{after: time.Second},
			{after: time.Hour},
		})
		if err != nil || best.link.c != conns[1] {
			t.Errorf("got %+v, %v", best, err)
		}
		if want := []time.Duration{0, 100 * time.Millisecond, 350 * time.Millisecond}; !slices.Equal(starts, want) {
			t.Errorf("attempts started after %v, want %v", starts, want)
		}
		best, _, _, err = run(t.Context(), []lane{
			{after: time.Millisecond, err: syscall.ENETUNREACH},
			{after: time.Millisecond, err: syscall.ECONNREFUSED},
			{after: time.Millisecond, err: syscall.ETIMEDOUT},
		})
		if err != syscall.ECONNREFUSED || best.at.Port() != 1 {
			t.Errorf("got %+v, %v", best, err)
		}
	})
}

package socket

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// course is a race among made-up candidates, on a clock that stands still while
// anybody works.
type course struct {
	t     *testing.T
	began time.Time
	conns map[string]*loser

	mu     sync.Mutex
	starts []time.Duration
}

// lane is how one candidate behaves.
type lane struct {
	after    time.Duration // until it answers
	err      error         // its answer, nil for a connection
	stubborn bool          // it answers although the race is over
}

// loser is a connection that knows whether it was closed.
type loser struct{ closed bool }

func (c *loser) Close() { c.closed = true }

// run races the lanes, which are called "0", "1" and so on.
func (c *course) run(ctx context.Context, lanes []lane) *loser {
	c.began, c.conns, c.starts = time.Now(), map[string]*loser{}, nil
	var all []netip.AddrPort
	for i := range lanes {
		all = append(all, netip.AddrPortFrom(netip.IPv6Loopback(), uint16(i)))
		c.conns[fmt.Sprint(i)] = &loser{}
	}
	tries, winner := Race(ctx, all, func(ctx context.Context, at netip.AddrPort) (*loser, error) {
		i := at.Port()
		c.mu.Lock()
		c.starts = append(c.starts, time.Since(c.began))
		c.mu.Unlock()
		over := ctx.Done()
		if lanes[i].stubborn {
			over = nil
		}
		select {
		case <-time.After(lanes[i].after):
		case <-over:
			return nil, ctx.Err()
		}
		if lanes[i].err != nil {
			return nil, lanes[i].err
		}
		return c.conns[fmt.Sprint(i)], nil
	}, func(conn *loser) { conn.Close() })
	if len(tries) != len(c.starts) {
		c.t.Errorf("%d attempts were made, %d are told", len(c.starts), len(tries))
	}
	if winner < 0 {
		return nil
	}
	return tries[winner].Conn
}

// wantWinner checks that conn is that lane's and the only open connection of
// those in lanes that were made.
func (c *course) wantWinner(conn *loser, name string, losers ...string) {
	c.t.Helper()
	if conn != c.conns[name] || c.conns[name].closed {
		c.t.Errorf("lane %s did not win, or its connection is closed", name)
	}
	for _, other := range losers {
		if !c.conns[other].closed {
			c.t.Errorf("the connection of lane %s is left open", other)
		}
	}
}

func (c *course) wantStarts(want ...time.Duration) {
	c.t.Helper()
	if !slices.Equal(c.starts, want) {
		c.t.Errorf("attempts started after %v, want %v", c.starts, want)
	}
}

func raceCourse(t *testing.T, test func(t *testing.T, c *course)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, &course{t: t}) })
}

// Connections that come after the winner's, although the attempts were told to
// stop, are closed; no attempt outlives the race.
func TestRaceClosesLosers(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		conn := c.run(t.Context(), []lane{
			{after: 2 * time.Second, stubborn: true},
			{after: 3 * time.Second, stubborn: true},
			{after: time.Second},
			{after: time.Hour},
		})
		c.wantWinner(conn, "2", "0", "1")
		c.wantStarts(0, 250*time.Millisecond, 500*time.Millisecond, 750*time.Millisecond)
		if took := time.Since(c.began); took != 3250*time.Millisecond {
			t.Errorf("the race took %v", took)
		}
	})
}

// Two connections at the very same moment: one wins, the other is closed.
func TestRaceTie(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		conn := c.run(t.Context(), []lane{{after: time.Second, stubborn: true}, {after: 750 * time.Millisecond, stubborn: true}})
		winner, other := "0", "1"
		if conn == c.conns["1"] {
			winner, other = other, winner
		}
		c.wantWinner(conn, winner, other)
	})
}

// A race that is called off ends with all of its attempts, starts no more of
// them, and has no connection.
func TestRaceCancelled(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		conn := c.run(ctx, []lane{{after: time.Hour}, {after: time.Hour}, {after: time.Hour}})
		if conn != nil {
			t.Error("there is a connection")
		}
		c.wantStarts(0, 250*time.Millisecond)
		if took := time.Since(c.began); took != 300*time.Millisecond {
			t.Errorf("the race took %v", took)
		}
	})
}

// Of connections that come when the race has been called off, one is the
// caller's, the other is closed.
func TestRaceCancelledTooLate(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		conn := c.run(ctx, []lane{{after: 2 * time.Second, stubborn: true}, {after: 4 * time.Second, stubborn: true}})
		c.wantWinner(conn, "0", "1")
	})
}

// A failure starts the next candidate at once, and the one after that waits its
// full time.
func TestRaceGoesOnAfterAFailure(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		conn := c.run(t.Context(), []lane{
			{after: 100 * time.Millisecond, err: errors.New("no")},
			{after: time.Second},
			{after: time.Hour},
		})
		c.wantWinner(conn, "1")
		c.wantStarts(0, 100*time.Millisecond, 350*time.Millisecond)
	})
}

// A single candidate is tried as any other, on the caller's own goroutine.
func TestRaceOfOne(t *testing.T) {
	raceCourse(t, func(t *testing.T, c *course) {
		c.wantWinner(c.run(t.Context(), []lane{{after: time.Second}}), "0")
		if took := time.Since(c.began); took != time.Second {
			t.Errorf("it took %v", took)
		}
		if conn := c.run(t.Context(), []lane{{err: errors.New("no")}}); conn != nil {
			t.Error("there is a connection")
		}
	})
}

// The families alternate, whoever races.
func TestRaceAlternatesFamilies(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	tries, winner := Race(t.Context(), candidates("6a 6b 4a"), func(context.Context, netip.AddrPort) (struct{}, error) {
		return struct{}{}, no
	}, func(struct{}) {})
	var order []netip.AddrPort
	for _, try := range tries {
		order = append(order, try.At)
		if try.Err != no {
			t.Errorf("%v: %v", try.At, try.Err)
		}
	}
	if got := names(order); got != "6a 4a 6b" || winner != -1 {
		t.Errorf("tried %s, winner %d", got, winner)
	}
}

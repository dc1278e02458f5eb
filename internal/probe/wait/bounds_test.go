package wait

import (
	"slices"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// TestIntervals: attempts come after 5 ms, and then less and less often, up to
// 25 ms on this machine and a quarter of a second elsewhere.
func TestIntervals(t *testing.T) {
	t.Parallel()
	here := []time.Duration{5e6, 7.5e6, 11.25e6, 16.875e6, 25e6, 25e6, 25e6, 25e6, 25e6, 25e6, 25e6, 25e6, 25e6}
	there := []time.Duration{5e6, 7.5e6, 11.25e6, 16.875e6, 25312500, 37968750, 56953125, 85429687, 128144530, 192216795, 250e6, 250e6, 250e6}
	for _, test := range []struct {
		what string
		r    attempt.Result
		want []time.Duration
	}{
		{"IPv4 loopback", attempt.Result{Addr: "127.0.0.1:80"}, here},
		{"IPv6 loopback", attempt.Result{Addr: "[::1]:80"}, here},
		{"a unix socket", attempt.Result{Addr: "/x", Target: socket.Addr{Network: "unix", Path: "/x"}}, here},
		{"a bare port", attempt.Result{Target: socket.Addr{Network: "tcp", Loopback: true, Port: "80"}}, here},
		{"elsewhere", attempt.Result{Addr: "192.0.2.1:80", Target: socket.Addr{Network: "tcp", Host: "192.0.2.1"}}, there},
		{"a name that was not found", attempt.Result{Target: socket.Addr{Network: "tcp", Host: "db.example"}}, there},
	} {
		var c Config
		var got []time.Duration
		grown := firstInterval
		for range test.want {
			got = append(got, c.gap(&grown, &test.r))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.what, got, test.want)
		}
	}
	c := Config{Interval: time.Hour}
	grown := firstInterval
	if got := c.gap(&grown, &attempt.Result{Addr: "127.0.0.1:80"}); got != time.Hour {
		t.Errorf("an interval that was given is %v", got)
	}
	if got := c.rest(&grown, &attempt.Result{Total: time.Minute}); got != 59*time.Minute {
		t.Errorf("after an attempt that took a minute there is %v left of an hour", got)
	}
}

// TestHistoryIsBounded: of a target that flaps for days 199 stretches are kept,
// and one that stands for all later ones.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	var e Ending
	turns := 0
	c := Config{Turn: func(*attempt.Result, time.Duration) { turns++ }}
	for i := range 1000 {
		e.Last.Outcome = attempt.Refused
		if i%2 == 1 {
			e.Last.Outcome = attempt.Timeout
		}
		since := time.Duration(i) * time.Second
		e.Took = since + time.Millisecond
		e.note(&c, since)
	}
	if len(e.History) != 200 || turns != 200 {
		t.Fatalf("%d stretches, %d turns: want 200", len(e.History), turns)
	}
	if h := e.History[198]; h != (Stretch{attempt.Refused, 198 * time.Second, 199 * time.Second}) {
		t.Errorf("the last but one is %+v", h)
	}
	if h := e.History[199]; h != (Stretch{attempt.Timeout, 199 * time.Second, 999*time.Second + time.Millisecond}) {
		t.Errorf("the last is %+v", h)
	}
}

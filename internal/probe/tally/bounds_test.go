package tally_test

import (
	"slices"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
)

// TestKeptOutages: the first 64 outages are kept, and the longest of all, wherever
// it was; the one under way is added to them.
func TestKeptOutages(t *testing.T) {
	t.Parallel()
	var got tally.Tally
	for range 64 {
		add(&got, "kr")
	}
	add(&got, "k")
	if kept, n := got.Outages(); n != 64 || len(kept) != 64 {
		t.Errorf("%d outages, %d kept", n, len(kept))
	}
	add(&got, "krrrrk")
	add(&got, "krk")
	kept, n := got.Outages()
	if n != 66 || len(kept) != 64 {
		t.Errorf("%d outages, %d kept", n, len(kept))
	}
	if longest := got.Longest(); longest.Failed != 4 || longest.Length() != 400*time.Millisecond {
		t.Errorf("the longest is %+v", longest)
	}
	if slices.ContainsFunc(kept, func(o tally.Outage) bool { return o.Failed == 4 }) {
		t.Error("a late outage was kept")
	}
	add(&got, "krr")
	if kept, n := got.Outages(); n != 67 || len(kept) != 65 || kept[64].Over || kept[64].Failed != 2 {
		t.Errorf("%d outages, %d kept, the last %+v", n, len(kept), kept[len(kept)-1])
	}
}

// TestJitter: only neighbours that are both ok are compared.
func TestJitter(t *testing.T) {
	t.Parallel()
	var got tally.Tally
	due := time.Unix(1000, 0)
	for _, ms := range []time.Duration{10, 30, 0, 90, 100} {
		r := attempt.Result{Start: due, Total: ms * time.Millisecond}
		if ms == 0 {
			r.Outcome = attempt.Timeout
		}
		got.Add(due, &r)
	}
	if j := got.Jitter(); j != 15*time.Millisecond {
		t.Errorf("jitter %v", j)
	}
}

// TestLimits: a threshold at its very limit.
func TestLimits(t *testing.T) {
	t.Parallel()
	var of tally.Tally
	add(&of, "kkkr")
	for text, want := range map[string]bool{
		"errors<1": false, "errors<=1": true, "errors>1": false, "errors>=1": true, "errors<=25%": true, "errors<25%": false,
		"max<11ms": false, "max<=11ms": true, "max>=11ms": true, "max>11ms": false, "ok>=3": true, "ok>3": false, "missed>=0%": true,
	} {
		ts, err := tally.ParseThresholds(text)
		if err != nil {
			t.Fatal(err)
		}
		if holds, got := ts[0].Judge(&of); holds != want {
			t.Errorf("%s: %v, %s", text, holds, got)
		}
	}
	for text, ok := range map[string]bool{"ok<1e18": true, "ok<1.1e18": false, "ok<-1": false, "p50<-1s": false, "p50<0s": true, "ok<NaN": false} {
		if _, err := tally.ParseThresholds(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestMiss: ticks that were missed count as late as they were, and however many there
// are it does not take long.
func TestMiss(t *testing.T) {
	t.Parallel()
	var c tally.Tally
	for range 60 {
		c.Add(time.Now(), &attempt.Result{Start: time.Now(), Total: time.Millisecond})
	}
	c.Miss(40, 2*time.Second, 50*time.Millisecond)
	h := &c.Response
	if c.Missed != 40 || c.Sent != 60 || h.N() != 100 || h.Max() != 2*time.Second || c.Service.N() != 60 {
		t.Errorf("missed %d, sent %d; %d response times up to %v", c.Missed, c.Sent, h.N(), h.Max())
	}
	for q, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.61: 50 * time.Millisecond, 0.8: time.Second, 1: 2 * time.Second} {
		if got := h.Quantile(q); got < want || got > want+want/50+time.Millisecond {
			t.Errorf("quantile %v: %v, want about %v", q, got, want)
		}
	}
	var long tally.Tally
	long.Miss(1_000_000_001, time.Second, time.Nanosecond)
	if h := &long.Response; h.N() != 1_000_000_001 || h.Max() > time.Second || h.Max() < 999*time.Millisecond || h.Quantile(0.5) < 495*time.Millisecond {
		t.Errorf("%d times, half of them within %v, the longest %v", h.N(), h.Quantile(0.5), h.Max())
	}
}

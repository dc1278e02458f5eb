package live

import (
	"strings"
	"testing"
	"time"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"äöü×", 3, "äöü"},
		{"\x1b[32mabcd\x1b[0m", 3, "\x1b[32mabc\x1b[0m"},
		{"ab\x1b[31mcd\x1b[0m", 2, "ab\x1b[31m\x1b[0m"},
		{"abc", 0, ""},
		{"abc", -1, ""},
	} {
		if got := cut(test.line, test.columns); got != test.want {
			t.Errorf("%q in %d columns: %q, want %q", test.line, test.columns, got, test.want)
		}
	}
}

// TestSparkline: the last 64 times are drawn, from the shortest of them to the
// longest.
func TestSparkline(t *testing.T) {
	t.Parallel()
	var h History
	if got := h.Sparkline(64); got != "" {
		t.Errorf("nothing is drawn as %q", got)
	}
	for _, ms := range []time.Duration{10, 80, -1, 45} {
		h.Add(ms * time.Millisecond)
	}
	if got := h.Sparkline(100); got != "▁█×▄" {
		t.Errorf("drawn as %q", got)
	}
	if got := h.Sparkline(1); got != "▁" {
		t.Errorf("the last is drawn as %q", got)
	}
	for range 63 {
		h.Add(time.Second)
	}
	if got := h.Sparkline(100); got != "▁"+strings.Repeat("█", 63) {
		t.Errorf("drawn as %q", got)
	}
	h.Add(time.Second)
	if got := h.Sparkline(100); got != strings.Repeat("▁", 64) {
		t.Errorf("the oldest is not forgotten: %q", got)
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-1: "-", 0: "-", time.Microsecond: "1µs", 999999: "999µs", time.Millisecond: "1.0ms",
		9999 * time.Millisecond: "9999.0ms", 10 * time.Second: "10s", 3600 * time.Second: "3600s",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

package live

import (
	"os"
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
		width   int
	}{
		{"abc", 3, "abc", 3},
		{"abcd", 3, "abc", 3},
		{"ab", 3, "ab", 2},
		{"äöü×", 3, "äöü", 3},
		{"\x1b[32mabcd\x1b[0m", 3, "\x1b[32mabc\x1b[0m", 3},
		{"ab\x1b[31mcd\x1b[0m", 2, "ab\x1b[31m\x1b[0m", 2},
		{"abc", 0, "", 0},
		{"abc", -1, "", 0},
	} {
		if got, width := cut(test.line, test.columns); got != test.want || width != test.width {
			t.Errorf("%q in %d columns: %q, %d wide; want %q", test.line, test.columns, got, width, test.want)
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

// TestResize: lines that a narrower terminal has wrapped are all drawn over, and of
// what does not fit there is a count.
func TestResize(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	columns, rows := 60, 4
	s := &Screen{to: w, on: true, size: func(*os.File) (int, int) { return columns, rows }}
	wrote := func() string {
		buf := make([]byte, 4096)
		n, err := r.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	long := strings.Repeat("x", 50)
	s.Draw(long, "short")
	if got := wrote(); got != "\r"+long+"\x1b[K\nshort\x1b[K\n\x1b[J" {
		t.Errorf("drawn as %q", got)
	}
	columns = 20
	s.Draw("a", "b", "c", "d", "e")
	if got := wrote(); got != "\r"+strings.Repeat("\x1b[A", 4)+"a\x1b[K\nb\x1b[K\n… 3 more\x1b[K\n\x1b[J" {
		t.Errorf("drawn again as %q", got)
	}
	columns = 4
	s.Clear()
	if got := wrote(); got != "\r"+strings.Repeat("\x1b[A", 1+1+2)+"\x1b[J" {
		t.Errorf("cleared with %q", got)
	}
}

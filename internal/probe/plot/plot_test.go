package plot

import (
	"encoding/xml"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"nettool/internal/probe/series"
)

// sample is a run of n attempts, a millisecond apart.
func sample(n int, took func(i int) time.Duration) *series.Series {
	var s series.Series
	for i := range n {
		due := time.Duration(i) * time.Millisecond
		if d := took(i); d > 0 {
			s.Add(due, d)
		} else {
			s.Fail(due)
		}
	}
	return &s
}

// TestTicks: round numbers, not too many, around all that is to be shown.
func TestTicks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ low, high time.Duration }{
		{1, 1},
		{0, 0},
		{1, time.Hour},
		{999 * time.Microsecond, 1001 * time.Microsecond},
		{250 * time.Microsecond, 400 * time.Microsecond},
		{50 * time.Microsecond, 3 * time.Second},
		{time.Second, time.Second},
		{7, 55},
		{7, 57},
		{time.Millisecond, 100 * time.Millisecond},
		{time.Hour, 1000 * time.Hour},
	} {
		for _, n := range []int{5, 16, 40} {
			s := scaleOf(test.low, test.high)
			all := s.ticks(n)
			if len(all) < 2 || len(all) > n+1 && n > 5 || all[0] > s.low || all[len(all)-1] < s.high {
				t.Errorf("%v to %v in %d: %v", test.low, test.high, n, all)
			}
			for i := 1; i < len(all); i++ {
				if all[i] <= all[i-1] || i == 1 && all[1] <= s.low && s.low < s.high {
					t.Errorf("%v to %v in %d: %v", test.low, test.high, n, all)
				}
			}
		}
	}
}

// TestBins: every time is counted, in the bin in whose bounds it is.
func TestBins(t *testing.T) {
	t.Parallel()
	s := sample(50, func(i int) time.Duration { return time.Duration(i+1) * time.Millisecond })
	n := 0.0
	for _, b := range bins(s, 16) {
		n += b.n
		want := 0.0
		for i := range 50 {
			if took := time.Duration(i+1) * time.Millisecond; took >= b.from && took < b.to || took == b.to && b.to == 50*time.Millisecond {
				want++
			}
		}
		if b.n != want {
			t.Errorf("%v to %v: %v, want %v", b.from, b.to, b.n, want)
		}
	}
	if n != 50 {
		t.Errorf("%v in all", n)
	}
	many := sample(100_000, func(int) time.Duration { return time.Duration(rand.ExpFloat64() * float64(time.Millisecond)) })
	n = 0
	for _, b := range bins(many, 16) {
		n += b.n
	}
	if got := float64(many.N()); n < got-1 || n > got+1 {
		t.Errorf("%v, want %v", n, got)
	}
}

// TestText: no line is longer than the terminal, however much there is.
func TestText(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10, 63, 1000, 100_000} {
		s := sample(n, func(i int) time.Duration { return time.Duration(i%7) * 1234567 })
		s.Miss(0, 1, time.Minute, time.Second)
		for _, columns := range []int{0, 40, 80, 200} {
			text := Text(s, columns)
			for line := range strings.Lines(text) {
				if wide := utf8.RuneCountInString(line) - 1; wide > max(columns, 40) && columns >= 80 {
					t.Errorf("%d attempts in %d columns: %d in %q", n, columns, wide, line)
				}
			}
			if !strings.Contains(text, "█") || !strings.Contains(text, "! missed") || n > 1 && !strings.Contains(text, "×") {
				t.Errorf("%d attempts in %d columns:\n%s", n, columns, text)
			}
		}
	}
	if text := Text(sample(9, func(int) time.Duration { return 0 }), 80); text != "" {
		t.Errorf("of nothing: %s", text)
	}
}

// TestCourse: a time line whose columns are known.
func TestCourse(t *testing.T) {
	t.Parallel()
	s := sample(8, func(i int) time.Duration { return []time.Duration{1, 1, 2, 0, 4, 1, 1, 3}[i] * time.Millisecond })
	var b strings.Builder
	course(&b, s, 40)
	const want = `
  4ms                 ████
                      ████
                      ████        ████
                      ████        ████
              ████    ████        ████
              ████    ████        ████
      ████████████    ████████████████
   0s ████████████    ████████████████
                  ××××
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("%s", got)
	}
}

// TestSVG: it is XML, whatever a target is called, and there is a dot for each attempt.
func TestSVG(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := SVG(&b, []Panel{
		{"<&\x1b\">", sample(30, func(i int) time.Duration { return time.Duration(i%5) * time.Millisecond })},
		{"nothing", sample(3, func(int) time.Duration { return 0 })},
		{"empty", &series.Series{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
	}
	text := b.String()
	if dots := strings.Count(text, "<circle "); dots != 24 {
		t.Errorf("%d dots", dots)
	}
	if strings.Count(text, `<path class="failed"`) != 9 || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || !strings.Contains(text, "&lt;&amp;\ufffd\"&gt;") {
		t.Errorf("%s", text)
	}
}

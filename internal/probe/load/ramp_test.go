package load

import (
	"testing"
	"time"

	"nettool/internal/exit"
)

func TestParseRamp(t *testing.T) {
	t.Parallel()
	if r, err := ParseRamp("100..5e3"); err != nil || r != (Ramp{100, 5000}) {
		t.Errorf("%v, %v", r, err)
	}
	for _, text := range []string{"", "1", "1..", "..2", "2..1", "0..1", "-1..1", "1..NaN", "NaN..1", "1..Inf", "1..1e8", "1...2", "1..2..3"} {
		if _, err := ParseRamp(text); exit.Of(err) != exit.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestClimb: the knee is found to within a thirty-second of what it is, or it is said why not.
func TestClimb(t *testing.T) {
	t.Parallel()
	ramp := Ramp{100, 10_000}
	below := func(limit float64, then VerdictKind) func(float64) VerdictKind {
		return func(rate float64) VerdictKind {
			if rate > limit {
				return then
			}
			return KeptUp
		}
	}
	for _, limit := range []float64{100, 101, 777, 5000, 9999} {
		k := ramp.climb(t.Context(), below(limit, Saturated))
		if k.Rate > limit || k.Above <= limit || k.Above-k.Rate > limit/16 {
			t.Errorf("%v: %+v", limit, k)
		}
	}
	for limit, want := range map[float64]string{20_000: "no knee: it followed up to 10000/s", 50: "the knee is below 100/s"} {
		if k := ramp.climb(t.Context(), below(limit, Saturated)); k.String() != want {
			t.Errorf("%v: %s", limit, k)
		}
	}
	if k := ramp.climb(t.Context(), below(300, GeneratorBound)); k.String() != "no knee found: generator-bound at 337.5/s" {
		t.Errorf("%s", k)
	}
}

// TestVerdicts: what is said of figures.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	open := func(sent, inTime int64) *Report {
		r := &Report{Config: Config{Rate: 100}, Elapsed: 1e9}
		r.Sent, r.OK, r.InTime = sent, inTime, inTime
		return r
	}
	late := open(100, 100)
	late.Late.AddN(5e6, 50)
	slow := open(80, 80)
	slow.Missed = 20
	after := open(100, 100)
	after.After = 10
	after.Service.AddN(1e6, 100)
	usual := open(100, 100)
	usual.After = 10
	usual.Service.AddN(1e8, 100)
	failing := open(100, 10)
	failing.Outcomes[1] = 90
	busy := &Report{}
	busy.Sent, busy.worked, busy.waited = 100, 1e9, 1e7
	waits := &Report{}
	waits.Sent, waits.worked, waits.waited = 100, 1e9, 5e8
	for name, test := range map[string]struct {
		of     *Report
		behind time.Duration
		want   string
	}{
		"kept up": {open(100, 100), 400 * time.Millisecond, "kept up"},
		"behind":  {open(100, 100), 600 * time.Millisecond, "SATURATED at ~100/s"},
		"after":   {after, 0, "SATURATED at ~100/s"},
		"usual":   {usual, 0, "kept up"},
		"late":    {late, 0, "generator-bound: 50 % of the requests were begun late, though a connection was free"},
		"slow":    {slow, 0, "SATURATED at ~80/s"},
		"fails":   {failing, 0, "kept up"},
		"busy":    {busy, 0, "generator-bound: it was busy for 99 % of the time"},
		"waits":   {waits, 0, "closed loop: the target set the pace"},
	} {
		if got := test.of.judge(test.behind).String(); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzParseRamp(f *testing.F) {
	for _, s := range []string{"1..2", "0.5..1e6", "..", "2..1", "NaN..1", "1...2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseRamp(text); err == nil && !(r.From > 0 && r.From <= r.To && r.To <= MaxRate) {
			t.Errorf("%q: %+v", text, r)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{"same", "any", "line", "http", "close", "100", "-1", "1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) { ParseAnswer(text) })
}

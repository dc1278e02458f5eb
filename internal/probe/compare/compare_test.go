package compare_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/compare"
	"nettool/internal/probe/saved"
	"nettool/internal/probe/series"
	"nettool/internal/probe/tally"
)

// run is one of n attempts, 10 ms apart, that each take what a func says; zero has
// failed. Its times are the same each time.
func run(mode, label string, n int, seed uint64, took func(*rand.Rand) time.Duration) *saved.Run {
	random := rand.New(rand.NewPCG(seed, 1))
	var t tally.Tally
	var s series.Series
	began := time.Unix(1000, 0)
	for i := range n {
		due := time.Duration(i) * 10 * time.Millisecond
		r := attempt.Result{Start: began.Add(due), Total: took(random)}
		if r.Total == 0 {
			r.Outcome = attempt.Refused
			s.Fail(due)
		} else {
			s.Add(due, r.Total)
		}
		t.Add(began.Add(due), &r)
	}
	return &saved.Run{Mode: mode, ElapsedUS: int64(n) * 10_000, Targets: []saved.Target{saved.Of(label, &t, &s)}}
}

// spread is a time about a millisecond, some longer by far.
func spread(factor float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		d := factor * (1 + 0.3*r.Float64())
		if r.IntN(50) == 0 {
			d *= 10
		}
		return time.Duration(d * float64(time.Millisecond))
	}
}

// failing fails so many of a thousand.
func failing(permille int) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		if r.IntN(1000) < permille {
			return 0
		}
		return spread(1)(r)
	}
}

// verdicts are those of the only pair.
func verdicts(t *testing.T, before, after *saved.Run) map[string]compare.Verdict {
	t.Helper()
	pairs := compare.Runs(before, after)
	if len(pairs) != 1 {
		t.Fatalf("%d pairs", len(pairs))
	}
	all := map[string]compare.Verdict{}
	for _, r := range pairs[0].Rows {
		all[r.Name] = r.Verdict
	}
	return all
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	base := run("ping", "a:1", 10_000, 1, spread(1))
	for _, test := range []struct {
		name  string
		after *saved.Run
		want  map[string]compare.Verdict
	}{
		{"the same", run("ping", "a:1", 10_000, 2, spread(1)), map[string]compare.Verdict{"p50": "noise", "p90": "noise", "p99": "noise", "errors": "noise"}},
		{"a bit slower", run("ping", "a:1", 10_000, 3, spread(1.04)), map[string]compare.Verdict{"p50": "worse", "p90": "worse"}},
		{"faster", run("ping", "a:1", 10_000, 4, spread(0.5)), map[string]compare.Verdict{"p50": "better", "p90": "better", "p99": "better"}},
		{"too little to be measured", run("ping", "a:1", 10_000, 5, spread(1.005)), map[string]compare.Verdict{"p50": "noise"}},
		{"some fail", run("ping", "a:1", 10_000, 6, failing(20)), map[string]compare.Verdict{"errors": "worse", "p50": "noise"}},
		{"a few attempts", run("ping", "a:1", 8, 7, spread(0.2)), map[string]compare.Verdict{"p50": "too_few", "p99": "too_few"}},
		{"some attempts", run("ping", "a:1", 30, 7, spread(0.2)), map[string]compare.Verdict{"p50": "better", "p90": "too_few"}},
		{"another name", run("ping", "b:1", 10_000, 4, spread(0.5)), map[string]compare.Verdict{"p50": "better"}},
	} {
		got := verdicts(t, base, test.after)
		for metric, want := range test.want {
			if got[metric] != want {
				t.Errorf("%s: %s is %s, want %s", test.name, metric, got[metric], want)
			}
		}
		if _, ok := got["rate"]; ok {
			t.Errorf("%s: ping has no rate", test.name)
		}
	}
}

// TestFalseAlarms: of a hundred pairs of runs between which nothing differs, few are
// said to differ.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	alarms := 0
	for seed := range uint64(100) {
		for _, v := range verdicts(t, run("ping", "a:1", 1000, 1000+2*seed, failing(5)), run("ping", "a:1", 1000, 1001+2*seed, failing(5))) {
			if v == compare.Better || v == compare.Worse {
				alarms++
			}
		}
	}
	if alarms > 10 { // of 400 verdicts 4 are expected
		t.Errorf("%d alarms", alarms)
	}
}

// TestRate: a load that gets through more is better.
func TestRate(t *testing.T) {
	t.Parallel()
	got := verdicts(t, run("load", "a:1", 3000, 1, failing(300)), run("load", "a:1", 3000, 2, failing(0)))
	if got["rate"] != compare.Better || got["errors"] != compare.Better {
		t.Errorf("%v", got)
	}
	if got := verdicts(t, run("load", "a:1", 3000, 1, failing(0)), run("load", "a:1", 3000, 2, failing(300))); got["rate"] != compare.Worse {
		t.Errorf("%v", got)
	}
}

// TestPairs: targets are compared with what has their name; the others are named.
func TestPairs(t *testing.T) {
	t.Parallel()
	two := func(a, b string) *saved.Run {
		r := run("ping", a, 100, 1, spread(1))
		r.Targets = append(r.Targets, run("ping", b, 100, 2, spread(1)).Targets...)
		return r
	}
	pairs := compare.Runs(two("gone:1", "both:1"), two("both:1", "new:1"))
	if len(pairs) != 3 || pairs[0].Old == nil || pairs[0].New.Target != "both:1" || pairs[0].Old.Target != "both:1" || len(pairs[0].Rows) == 0 ||
		pairs[1].Old != nil || pairs[1].New.Target != "new:1" || pairs[2].New != nil || pairs[2].Old.Target != "gone:1" {
		t.Errorf("%+v", pairs)
	}
	empty := &saved.Run{Mode: "ping", Targets: []saved.Target{{Target: "both:1"}}}
	for _, p := range compare.Runs(empty, empty) {
		if len(p.Rows) != 1 || p.Rows[0].Name != "errors" || p.Rows[0].Verdict != compare.TooFew {
			t.Errorf("%+v", p.Rows)
		}
	}
}

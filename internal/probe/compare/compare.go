// Package compare sets two runs of probe side by side, and tells a difference from noise.
//
// Neighbouring attempts resemble each other, so that single times prove little. Each run
// is divided into stretches of time instead; of each stretch the median, say, is one
// value, and the Mann-Whitney U test says how likely it is that two rows of such values
// differ so much by chance. It supposes nothing about how times are distributed.
package compare

import (
	"math"

	"github.com/aclements/go-moremath/stats"

	"nettool/internal/probe/saved"
)

// What counts as a difference. The percentiles of a run are right to within 1 %.
const (
	Chance   = 0.01 // of a difference of this size where there is none, at most
	smallest = 0.01 // of the value before
	fewest   = 5    // stretches that can tell
)

// Verdict is what is to be thought of a difference.
type Verdict string

// The verdicts.
const (
	Noise  Verdict = "noise" // as large as chance makes them, or too small to be measured
	Better Verdict = "better"
	Worse  Verdict = "worse"
	TooFew Verdict = "too_few" // attempts to tell
)

// Metric is something that is compared.
type Metric struct {
	Name   string  // such as "p50"
	Q      float64 // of a percentile of the response time; zero is none
	Time   bool    // values are nanoseconds; otherwise shares from 0 to 1, or a rate a second
	Higher bool    // more is better
}

// metrics lists what is compared: of each percentile, what one stretch wants is enough
// times to have one.
func metrics(mode string) []Metric {
	all := []Metric{{Name: "errors"}, {Name: "missed"}, {Name: "p50", Q: 0.5, Time: true}, {Name: "p90", Q: 0.9, Time: true}, {Name: "p99", Q: 0.99, Time: true}}
	if mode == "load" {
		all = append([]Metric{{Name: "rate", Higher: true}}, all...)
	}
	return all
}

// Row is one metric of both runs.
type Row struct {
	Metric
	Old, New float64
	P        float64 // how likely chance alone makes such a difference; NaN when too few
	Verdict  Verdict
}

// Change is the difference as a part of the old value, which is not zero; for a share it
// is the difference itself.
func (r *Row) Change() float64 {
	switch {
	case !r.Time && !r.Higher:
		return r.New - r.Old
	case r.Old == 0:
		return math.NaN()
	}
	return r.New/r.Old - 1
}

// Loss is how much worse the newer run is, as Change counts; below zero it is better.
func (r *Row) Loss() float64 {
	if r.Higher {
		return -r.Change()
	}
	return r.Change()
}

// Pair is one target in both runs. One of them may be nil: the other run does not have it.
type Pair struct {
	Old, New *saved.Target
	Rows     []Row // none without both
}

// Runs compares two runs target by target, in the order of the newer one. When each has
// one target, these are compared whatever they are called.
func Runs(before, after *saved.Run) []Pair {
	olds := map[string]*saved.Target{}
	for i := range before.Targets {
		olds[before.Targets[i].Target] = &before.Targets[i]
	}
	if len(before.Targets) == 1 && len(after.Targets) == 1 {
		olds = map[string]*saved.Target{after.Targets[0].Target: &before.Targets[0]}
	}
	var pairs []Pair
	for i := range after.Targets {
		p := Pair{Old: olds[after.Targets[i].Target], New: &after.Targets[i]}
		delete(olds, p.New.Target)
		p.Rows = rows(p, before, after)
		pairs = append(pairs, p)
	}
	for i := range before.Targets {
		if t := &before.Targets[i]; olds[t.Target] == t {
			pairs = append(pairs, Pair{Old: t})
		}
	}
	return pairs
}

func rows(p Pair, before, after *saved.Run) (all []Row) {
	if p.Old == nil {
		return nil
	}
	x, y := course{p.Old, p.Old.Series(), before.ElapsedUS}, course{p.New, p.New.Series(), after.ElapsedUS}
	for _, m := range metrics(after.Mode) {
		r := Row{Metric: m, Old: x.whole(m), New: y.whole(m)}
		if m.Name == "missed" && r.Old == 0 && r.New == 0 || m.Time && (math.IsNaN(r.Old) || math.IsNaN(r.New)) {
			continue
		}
		r.judge(x.stretches(y, m))
		all = append(all, r)
	}
	return all
}

// judge says what the difference is, by the values of both runs' stretches.
func (r *Row) judge(x, y []float64) {
	if len(x) < fewest || len(y) < fewest {
		r.P, r.Verdict = math.NaN(), TooFew
		return
	}
	r.P, r.Verdict = 1, Noise
	test, err := stats.MannWhitneyUTest(x, y, stats.LocationDiffers)
	if err != nil {
		return // all values are equal
	}
	r.P = test.P
	higher := test.U < float64(len(x)*len(y))/2 // U counts the pairs in which the old one is higher
	if r.P > Chance || higher != (r.New > r.Old) || math.Abs(r.New-r.Old) <= smallest*r.Old {
		return
	}
	r.Verdict = Worse
	if higher == r.Higher {
		r.Verdict = Better
	}
}

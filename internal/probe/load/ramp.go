package load

import (
	"context"
	"strconv"
	"strings"

	"nettool/internal/exit"
)

// Ramp is a search for the highest rate that a target can follow, from one rate up to
// another.
type Ramp struct{ From, To float64 }

// ParseRamp reads FROM..TO, in requests a second. Errors carry exit.Usage.
func ParseRamp(text string) (r Ramp, err error) {
	from, to, ok := strings.Cut(text, "..")
	if ok {
		r.From, err = strconv.ParseFloat(from, 64)
	}
	if ok && err == nil {
		r.To, err = strconv.ParseFloat(to, 64)
	}
	if !ok || err != nil || !(r.From > 0 && r.From < r.To && r.To <= MaxRate) {
		return Ramp{}, exit.Errorf(exit.Usage, "ramp %q: want FROM..TO in requests a second, as in 100..50000", text)
	}
	return r, nil
}

// MaxRate bounds the rate of an open loop, a second.
const MaxRate = 1e7

// Each step of a ramp is so much faster than the one before. Between the last rate that
// was followed and the first that was not, the knee is then looked for so many times.
const (
	growth   = 1.5
	halvings = 4
)

// Knee is what a ramp has found.
type Knee struct {
	Rate  float64 // the highest that was followed; zero is none
	Above float64 // the lowest that was not; zero is none
	Why   VerdictKind
}

// String is the knee in words.
func (k Knee) String() string {
	switch {
	case k.Above == 0:
		return "no knee: it followed up to " + PerSecond(k.Rate)
	case k.Why == GeneratorBound:
		return "no knee found: generator-bound at " + PerSecond(k.Above)
	case k.Rate == 0:
		return "the knee is below " + PerSecond(k.Above)
	}
	return "knee at ~" + PerSecond(k.Rate) + ": it did not follow " + PerSecond(k.Above)
}

// Climb runs c at one rate after the other, until the knee is found or ctx ends. step is
// told of each run.
func (r Ramp) Climb(ctx context.Context, c Config, see Observer, step func(*Report)) Knee {
	return r.climb(ctx, func(rate float64) VerdictKind {
		c.Rate = rate
		report := Run(ctx, c, see)
		step(report)
		if report.Verdict.Kind == KeptUp && report.Failed()*100 > report.Sent {
			return Saturated // it refuses
		}
		return report.Verdict.Kind
	})
}

func (r Ramp) climb(ctx context.Context, run func(rate float64) VerdictKind) (k Knee) {
	for rate := r.From; ctx.Err() == nil; rate = min(rate*growth, r.To) {
		if !k.note(rate, run(rate)) || rate >= r.To {
			break
		}
	}
	for range halvings {
		if ctx.Err() != nil || k.Above == 0 || k.Rate == 0 || k.Why == GeneratorBound {
			break
		}
		middle := (k.Rate + k.Above) / 2
		k.note(middle, run(middle))
	}
	return k
}

// note takes what became of a rate, and reports whether it was followed.
func (k *Knee) note(rate float64, v VerdictKind) bool {
	if v == KeptUp {
		k.Rate = rate
		return true
	}
	k.Above, k.Why = rate, v
	return false
}

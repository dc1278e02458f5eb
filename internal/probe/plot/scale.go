// Package plot draws a target's run: how its response times are distributed, and how
// they went in the course of time. It draws with characters, for a terminal, and as SVG.
package plot

import (
	"math"
	"time"
)

// scale maps times to a line from 0 to 1. It is logarithmic when the longest time is so
// much longer than the shortest that the others would lie on top of each other.
type scale struct {
	low, high time.Duration
	log       bool
}

// scaleOf is a scale for times from low to high.
func scaleOf(low, high time.Duration) scale {
	const wide = 8
	low = max(low, 1)
	high = max(high, low)
	return scale{low, high, high/low >= wide}
}

// at is where a time is, from 0 to 1.
func (s scale) at(d time.Duration) float64 {
	x, low, high := float64(d), float64(s.low), float64(s.high)
	if s.log {
		x, low, high = math.Log(max(x, 1)), math.Log(low), math.Log(high)
	}
	if high <= low {
		return 0.5
	}
	return min(max((x-low)/(high-low), 0), 1)
}

// ticks are round times that divide the scale into at most n parts. The first is not
// above low, the last not below high.
func (s scale) ticks(n int) []time.Duration {
	if !s.log {
		return s.linear(n)
	}
	for _, steps := range []int{20, 10, 5, 2, 1} { // in a decade
		if all := s.decades(steps); len(all) <= n+1 {
			return all
		}
	}
	return s.decades(1)
}

// linear are multiples of a round step.
func (s scale) linear(n int) []time.Duration {
	step := time.Duration(1)
	for factor := 0; ; factor++ {
		step = [3]time.Duration{1, 2, 5}[factor%3] * time.Duration(math.Pow10(factor/3))
		if int((s.high+step-1)/step-s.low/step) <= n {
			break
		}
	}
	first, last := s.low/step, max((s.high+step-1)/step, s.low/step+1)
	var all []time.Duration
	for i := first; i <= last; i++ {
		all = append(all, i*step)
	}
	return all
}

// decades are preferred numbers, so many in each decade, as in ISO 3: 1 1.6 2.5 4 6.3 10.
func (s scale) decades(steps int) (all []time.Duration) {
	first := int(math.Floor(math.Log10(float64(s.low)) * float64(steps)))
	for i := first; ; i++ {
		d := round(math.Pow(10, float64(i)/float64(steps)))
		if len(all) == 1 && d <= s.low {
			all = all[:0]
		}
		if len(all) == 0 || d > all[len(all)-1] {
			all = append(all, d)
		}
		if d >= s.high {
			return all
		}
	}
}

// round keeps two digits.
func round(ns float64) time.Duration {
	unit := math.Pow10(max(int(math.Floor(math.Log10(ns)))-1, 0))
	return time.Duration(math.Round(ns/unit) * unit)
}

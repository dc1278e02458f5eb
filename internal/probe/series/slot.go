package series

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Slot is what became of the attempts that were due in a stretch of time.
type Slot struct {
	OK, Failed, Missed int64
	Sum                time.Duration   // of all times, of OK attempts and missed ticks
	Min, Max           time.Duration   // of them; zero when there are none
	Times              []time.Duration // a fair sample of them, in no order
}

// N is how many times there were.
func (s *Slot) N() int64 { return s.OK + s.Missed }

// Mean is the average of all times, zero when there are none.
func (s *Slot) Mean() time.Duration {
	if s.N() == 0 {
		return 0
	}
	return s.Sum / time.Duration(s.N())
}

// Quantile is the time that the fraction q, 0 to 1, of the sample stays within; zero
// when there is none.
func (s *Slot) Quantile(q float64) time.Duration { return Quantile(s.Times, q) }

// Quantile is the time that the fraction q, 0 to 1, of all stays within, zero when there
// is none. The order of the times is not changed.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// add notes a time that n attempts took, which are counted already.
func (s *Slot) add(took time.Duration, n int64) {
	if s.N() == n {
		s.Min = took
	}
	s.Min, s.Max = min(s.Min, took), max(s.Max, took)
	s.Sum += time.Duration(n) * took
	if len(s.Times) < MaxTimes {
		s.Times = append(s.Times, took)
		return
	}
	// Each of all is in the sample with the same chance (Vitter's algorithm R).
	if i := rand.Int64N(s.N()); i < MaxTimes {
		s.Times[i] = took
	}
}

// merge adds what became of other attempts.
func (s *Slot) merge(o *Slot) {
	if o.N() > 0 {
		if s.N() == 0 {
			s.Min = o.Min
		}
		s.Min, s.Max = min(s.Min, o.Min), max(s.Max, o.Max)
		s.Times = sample(s.Times, s.N(), o.Times, o.N())
	}
	s.OK, s.Failed, s.Missed, s.Sum = s.OK+o.OK, s.Failed+o.Failed, s.Missed+o.Missed, s.Sum+o.Sum
}

// sample is a fair sample of two crowds, of nA and nB, made of a sample of each.
func sample(a []time.Duration, nA int64, b []time.Duration, nB int64) []time.Duration {
	if len(a)+len(b) <= MaxTimes {
		return append(a, b...)
	}
	a, b = slices.Clone(a), slices.Clone(b)
	all := make([]time.Duration, 0, MaxTimes)
	for len(all) < MaxTimes && len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && rand.Int64N(nA+nB) < nA {
			all, nA = append(all, take(&a)), nA-1
		} else {
			all, nB = append(all, take(&b)), nB-1
		}
	}
	return all
}

// take removes one at random.
func take(from *[]time.Duration) time.Duration {
	times := *from
	i, last := rand.IntN(len(times)), len(times)-1
	took := times[i]
	times[i] = times[last]
	*from = times[:last]
	return took
}

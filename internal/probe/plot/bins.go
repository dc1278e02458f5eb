package plot

import (
	"time"

	"nettool/internal/probe/series"
)

// bin is how many response times there were in a stretch of the scale.
type bin struct {
	from, to time.Duration // to is not in it, but in the last bin
	n        float64       // estimated from a sample
}

// bins counts a series' times, in at most n stretches with round bounds.
func bins(s *series.Series, n int) []bin {
	low, high := bounds(s)
	edges := scaleOf(low, high).ticks(n)
	all := make([]bin, len(edges)-1)
	for i := range all {
		all[i].from, all[i].to = edges[i], edges[i+1]
	}
	for i := range s.Slots {
		slot := &s.Slots[i]
		weight := float64(slot.N()) / float64(max(len(slot.Times), 1))
		for _, took := range slot.Times {
			at := 0
			for at < len(all)-1 && took >= all[at].to {
				at++
			}
			all[at].n += weight
		}
	}
	return all
}

// bounds are the shortest and the longest time of a series that has one.
func bounds(s *series.Series) (low, high time.Duration) {
	first := true
	for i := range s.Slots {
		slot := &s.Slots[i]
		if slot.N() == 0 {
			continue
		}
		if first {
			low = slot.Min
		}
		first = false
		low, high = min(low, slot.Min), max(high, slot.Max)
	}
	return low, high
}

// fullest is the count of the fullest bin.
func fullest(all []bin) (n float64) {
	for _, b := range all {
		n = max(n, b.n)
	}
	return n
}

// Package histogram counts durations in constant memory: buckets as wide as
// 1/128 of their value, like HdrHistogram's, so that every percentile is right
// to within 0.8 %, from one nanosecond to over an hour.
package histogram

import (
	"math/bits"
	"time"
)

const (
	subBits = 7  // buckets for each power of two: 1<<subBits
	maxBits = 42 // longest duration: 1<<maxBits ns, 73 minutes
	buckets = (maxBits-subBits)<<subBits + 1<<subBits
)

// Histogram holds 36 KiB whatever it has seen. The zero value is empty.
type Histogram struct {
	counts   [buckets]uint64
	n        uint64
	sum      time.Duration
	min, max time.Duration
}

// Add counts one duration. A negative one counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.sum += d
	h.n++
	h.counts[index(min(d, 1<<maxBits-1))]++
}

func index(d time.Duration) int {
	v := uint64(d)
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// highest is the longest duration that bucket i counts.
func highest(i int) time.Duration {
	shift := max(i>>subBits-1, 0)
	return time.Duration((i-shift<<subBits+1)<<shift - 1)
}

// N is how many durations were counted.
func (h *Histogram) N() uint64 { return h.n }

// Min is the shortest, exactly; zero when there is none.
func (h *Histogram) Min() time.Duration { return h.min }

// Max is the longest, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Sum is all of them together, exactly.
func (h *Histogram) Sum() time.Duration { return h.sum }

// Mean is the average, exactly.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Quantile is the duration that the fraction q, 0 to 1, of all stays within;
// zero when there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q*float64(h.n) + 0.9999999)
	rank = min(max(rank, 1), h.n)
	var seen uint64
	for i, c := range h.counts {
		if seen += c; seen >= rank && c > 0 {
			return min(max(highest(i), h.min), h.max)
		}
	}
	return 0
}

// Package histogram counts durations in constant memory: an HdrHistogram whose
// zero value works, with the exact extremes and mean beside it.
package histogram

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What the buckets tell apart: percentiles are right to within 1 %, from one
// nanosecond to over an hour.
const (
	longest = time.Duration(1) << 42 // 73 minutes; what is longer counts as this
	digits  = 2
)

// Histogram holds some 40 KiB whatever it has seen. The zero value is empty.
type Histogram struct {
	counts   *hdrhistogram.Histogram // nil while empty
	sum      time.Duration
	min, max time.Duration
}

// Add counts one duration. A negative one counts as zero.
func (h *Histogram) Add(d time.Duration) { h.AddN(d, 1) }

// AddN counts n times the same duration, for an n above zero.
func (h *Histogram) AddN(d time.Duration, n int64) {
	d = max(d, 0)
	if h.counts == nil {
		h.counts = hdrhistogram.New(1, int64(longest), digits)
		h.min = d
	}
	h.min, h.max = min(h.min, d), max(h.max, d)
	h.sum += time.Duration(n) * d
	_ = h.counts.RecordValues(int64(min(d, longest)), n) // in range, so it cannot fail
}

// Merge adds all that another one has counted.
func (h *Histogram) Merge(o *Histogram) {
	if o.counts == nil {
		return
	}
	if h.counts == nil {
		h.counts = hdrhistogram.New(1, int64(longest), digits)
		h.min = o.min
	}
	h.counts.Merge(o.counts)
	h.min, h.max, h.sum = min(h.min, o.min), max(h.max, o.max), h.sum+o.sum
}

// Above is how many durations were longer than d, to within the buckets' accuracy.
func (h *Histogram) Above(d time.Duration) (n float64) {
	if h.counts == nil || h.max <= d {
		return 0
	}
	for _, b := range h.counts.Distribution() {
		if b.From > int64(d) {
			n += float64(b.Count)
		}
	}
	return n
}

// N is how many durations were counted.
func (h *Histogram) N() uint64 {
	if h.counts == nil {
		return 0
	}
	return uint64(h.counts.TotalCount())
}

// Min is the shortest, exactly; zero when there is none.
func (h *Histogram) Min() time.Duration { return h.min }

// Max is the longest, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Sum is all of them together, exactly.
func (h *Histogram) Sum() time.Duration { return h.sum }

// Mean is the average, exactly.
func (h *Histogram) Mean() time.Duration {
	if h.counts == nil {
		return 0
	}
	return h.sum / time.Duration(h.N())
}

// Quantile is the duration that the fraction q, 0 to 1, of all stays within;
// zero when there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.counts == nil {
		return 0
	}
	at := time.Duration(h.counts.ValueAtPercentile(100 * q))
	return min(max(at, h.min), h.max)
}

// Package metrics counts, and writes what it has counted in Prometheus' text
// format, by hand: the client library would cost every start of a child.
package metrics

import "time"

// Histogram counts durations in buckets. It is not safe for concurrent use.
type Histogram struct {
	bounds []time.Duration // upper ends, ascending
	counts []uint64        // one more than bounds: the last is beyond all of them
	sum    time.Duration
}

// NewHistogram makes a histogram with these upper ends of buckets, ascending.
func NewHistogram(bounds ...time.Duration) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

// Observe counts one duration. A negative one counts as zero.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	h.counts[i]++
	h.sum += d
}

// Count is how many durations were observed.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

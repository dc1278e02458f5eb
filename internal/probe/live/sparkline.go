package live

import (
	"strings"
	"time"
)

// History is the times of the latest attempts, for a sparkline. A negative time
// is an attempt that failed.
type History struct {
	times [64]time.Duration
	n     int
}

// Add appends a time; the oldest is forgotten.
func (h *History) Add(d time.Duration) {
	h.times[h.n%len(h.times)] = d
	h.n++
}

// Sparkline draws the last n times, at most as many as there are, one character
// each: the higher, the longer, from the shortest to the longest of them; × is a
// failure.
func (h *History) Sparkline(n int) string {
	n = min(n, h.n, len(h.times))
	var shown []time.Duration
	low, high := time.Duration(-1), time.Duration(0)
	for i := h.n - n; i < h.n; i++ {
		d := h.times[i%len(h.times)]
		shown = append(shown, d)
		if d >= 0 && (low < 0 || d < low) {
			low = d
		}
		high = max(high, d)
	}
	var b strings.Builder
	for _, d := range shown {
		b.WriteRune(bar(d, low, high))
	}
	return b.String()
}

func bar(d, low, high time.Duration) rune {
	const bars = 8
	switch {
	case d < 0:
		return '×'
	case high <= low:
		return '▁'
	}
	return '▁' + rune(int64(bars-1)*int64(d-low)/int64(high-low))
}

package histogram_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nettool/internal/probe/histogram"
)

func TestQuantile(t *testing.T) {
	t.Parallel()
	var h histogram.Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 {
		t.Error("an empty histogram has values")
	}
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	for range 20000 {
		d := time.Duration(1) << random.IntN(40)
		d += time.Duration(random.Int64N(int64(d)))
		all = append(all, d)
		h.Add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(max(int(q*20000+0.9999999), 1), 20000)-1]
		got := h.Quantile(q)
		if got < want || float64(got-want) > 0.008*float64(want) {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
	if h.Min() != all[0] || h.Max() != all[len(all)-1] || h.N() != 20000 {
		t.Errorf("min %v, max %v, n %d", h.Min(), h.Max(), h.N())
	}
}

func TestExtremes(t *testing.T) {
	t.Parallel()
	var h histogram.Histogram
	h.Add(-time.Second)
	h.Add(1000 * time.Hour)
	if h.Min() != 0 || h.Quantile(1) < time.Hour || h.Max() != 1000*time.Hour {
		t.Errorf("got %v, %v, %v", h.Min(), h.Quantile(1), h.Max())
	}
}

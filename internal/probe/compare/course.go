package compare

import (
	"math"
	"time"

	"nettool/internal/probe/saved"
	"nettool/internal/probe/series"
)

// course is one target's run.
type course struct {
	*saved.Target
	series    *series.Series
	elapsedUS int64
}

// whole is a metric of all the run; NaN is not known.
func (c course) whole(m Metric) float64 {
	switch m.Name {
	case "rate":
		return float64(c.OK) / (float64(max(c.elapsedUS, 1)) / 1e6)
	case "errors":
		cancelled := c.Outcomes["cancelled"]
		return share(c.Sent-cancelled-c.OK, c.Sent-cancelled)
	case "missed":
		return share(c.Missed, c.Sent+c.Missed)
	}
	if c.Response.N == 0 {
		return math.NaN()
	}
	return float64(map[string]int64{"p50": c.Response.P50, "p90": c.Response.P90, "p99": c.Response.P99}[m.Name])
}

func share(n, of int64) float64 {
	if of <= 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// stretches are the values of a metric in each stretch of both runs.
func (c course) stretches(o course, m Metric) (x, y []float64) {
	if !m.Time {
		return c.counts(m), o.counts(m)
	}
	// A stretch wants as many times as make the percentile one of them: of two, of ten,
	// of a hundred. Both runs' stretches have equally many: percentiles of few times are
	// not like those of many.
	need := int(math.Round(1 / (1 - m.Q)))
	a, b := c.times(need), o.times(need)
	n := math.MaxInt
	for _, times := range append(append([][]time.Duration{}, a...), b...) {
		n = min(n, len(times))
	}
	return quantiles(a, n, m.Q), quantiles(b, n, m.Q)
}

// counts is a share, or a rate, in each slot. The last slot is not full, and of a rate
// it says nothing.
func (c course) counts(m Metric) (all []float64) {
	slots := c.series.Slots
	if m.Name == "rate" && len(slots) > 0 {
		slots = slots[:len(slots)-1]
	}
	for i := range slots {
		s := &slots[i]
		switch n := s.OK + s.Failed; {
		case m.Name == "rate":
			all = append(all, float64(s.OK)/c.series.Width.Seconds())
		case m.Name == "missed" && n+s.Missed > 0:
			all = append(all, share(s.Missed, n+s.Missed))
		case m.Name == "errors" && n > 0:
			all = append(all, share(s.Failed, n))
		}
	}
	return all
}

// times divides the run into stretches of at least so many times each; what is left at
// the end belongs to the last one.
func (c course) times(need int) (all [][]time.Duration) {
	var now []time.Duration
	for i := range c.series.Slots {
		now = append(now, c.series.Slots[i].Times...)
		if len(now) >= need {
			all, now = append(all, now), nil
		}
	}
	if len(all) > 0 {
		last := len(all) - 1
		all[last] = append(all[last], now...)
	}
	return all
}

// quantiles is a percentile of n times of each stretch, which has at least as many.
func quantiles(all [][]time.Duration, n int, q float64) (values []float64) {
	for _, times := range all {
		few := make([]time.Duration, n)
		for i := range few {
			few[i] = times[i*len(times)/n]
		}
		values = append(values, float64(series.Quantile(few, q)))
	}
	return values
}

package tally

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"nettool/internal/exit"
)

// Threshold is one condition on a tally, such as p99<5ms or errors<=0.1%.
type Threshold struct {
	Text    string
	metric  string
	op      string
	limit   float64 // ns, or a number
	percent bool    // the limit is a share of the attempts
}

// ParseThresholds reads conditions separated by commas: min mean p50 p90 p99
// p999 max jitter outage against a duration; errors ok missed loss against a number
// or a percentage; with < <= > or >=. Errors carry exit.Usage.
func ParseThresholds(text string) ([]Threshold, error) {
	var all []Threshold
	for part := range strings.SplitSeq(text, ",") {
		t, err := parseThreshold(strings.TrimSpace(part))
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "requirement %q: %w", part, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func parseThreshold(text string) (Threshold, error) {
	at := strings.IndexAny(text, "<>")
	if at < 1 {
		return Threshold{}, fmt.Errorf("the form is p99<5ms or errors<0.1%%")
	}
	t := Threshold{Text: text, metric: strings.TrimSpace(text[:at]), op: text[at : at+1]}
	value := text[at+1:]
	if rest, ok := strings.CutPrefix(value, "="); ok {
		t.op, value = t.op+"=", rest
	}
	value = strings.TrimSpace(value)
	switch t.metric {
	case "min", "mean", "p50", "p90", "p99", "p999", "max", "jitter", "outage":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return t, fmt.Errorf("%q is not a duration, as in 5ms", value)
		}
		t.limit = float64(d)
		return t, nil
	case "errors", "ok", "missed", "loss":
		return t.withCount(value)
	}
	return t, fmt.Errorf("unknown measure %q; there are min mean p50 p90 p99 p999 max jitter outage errors ok missed loss", t.metric)
}

func (t Threshold) withCount(value string) (Threshold, error) {
	number, percent := strings.CutSuffix(value, "%")
	limit, err := strconv.ParseFloat(number, 64)
	if err != nil || !(limit >= 0 && limit <= 1e18) {
		return t, fmt.Errorf("%q is not a number or a percentage", value)
	}
	t.limit, t.percent = limit, percent
	return t, nil
}

// Judge reports whether the condition holds, and what was measured. A condition on
// a time does not hold when nothing was ok: there is no time to compare.
func (t Threshold) Judge(of *Tally) (holds bool, got string) {
	v, known := t.measure(of)
	if !known {
		return false, "no answer"
	}
	switch t.op {
	case "<":
		holds = v < t.limit
	case "<=":
		holds = v <= t.limit
	case ">":
		holds = v > t.limit
	default:
		holds = v >= t.limit
	}
	return holds, t.show(v)
}

func (t Threshold) show(v float64) string {
	switch {
	case t.percent:
		return strconv.FormatFloat(v, 'g', 4, 64) + "%"
	case t.metric == "errors" || t.metric == "ok" || t.metric == "missed" || t.metric == "loss":
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return time.Duration(v).Round(time.Microsecond).String()
}

func (t Threshold) measure(of *Tally) (v float64, known bool) {
	switch t.metric {
	case "errors":
		return t.share(of.Failed(), of.Ended())
	case "ok":
		return t.share(of.OK, of.Ended())
	case "missed":
		return t.share(of.Missed, of.Ended()+of.Missed)
	case "loss":
		return t.share(of.Lost, of.Packets)
	case "outage":
		longest := of.Longest()
		return float64(longest.Length()), true
	}
	return float64(t.duration(of)), of.OK > 0
}

func (t Threshold) share(n, all int64) (float64, bool) {
	if !t.percent {
		return float64(n), true
	}
	if all == 0 {
		return 0, false
	}
	return 100 * float64(n) / float64(all), true
}

func (t Threshold) duration(of *Tally) time.Duration {
	h := &of.Response
	switch t.metric {
	case "min":
		return h.Min()
	case "mean":
		return h.Mean()
	case "p50":
		return h.Quantile(0.5)
	case "p90":
		return h.Quantile(0.9)
	case "p99":
		return h.Quantile(0.99)
	case "p999":
		return h.Quantile(0.999)
	case "max":
		return h.Max()
	}
	return of.Jitter()
}

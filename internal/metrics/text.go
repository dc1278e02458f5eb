package metrics

import (
	"strconv"
	"strings"
)

// Text is a page in Prometheus' text format (version 0.0.4). The zero value is
// an empty page.
type Text struct{ b []byte }

// ContentType is the media type of the format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Bytes is the page.
func (t *Text) Bytes() []byte { return t.b }

// Reset makes the page empty; what Bytes returned is no longer valid.
func (t *Text) Reset() { t.b = t.b[:0] }

// Counter writes a counter without labels.
func (t *Text) Counter(name, help string, value uint64) {
	t.Family(name, "counter", help)
	t.Sample(name, float64(value))
}

// Gauge writes a gauge without labels.
func (t *Text) Gauge(name, help string, value float64) {
	t.Family(name, "gauge", help)
	t.Sample(name, value)
}

// Family begins a metric of a kind: its samples follow.
func (t *Text) Family(name, kind, help string) {
	t.b = append(t.b, "# HELP "+name+" "+escapeHelp(help)+"\n# TYPE "+name+" "+kind+"\n"...)
}

// Sample writes one value. Labels are names and values in turn.
func (t *Text) Sample(name string, value float64, labels ...string) {
	t.b = append(t.b, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		t.b = append(t.b, "{,"[min(i, 1)])
		t.b = append(t.b, labels[i]+`="`+escapeLabel(labels[i+1])+`"`...)
	}
	if len(labels) > 1 {
		t.b = append(t.b, '}')
	}
	t.b = append(t.b, ' ')
	t.b = strconv.AppendFloat(t.b, value, 'f', -1, 64)
	t.b = append(t.b, '\n')
}

// Histogram writes a histogram, in seconds.
func (t *Text) Histogram(name, help string, h *Histogram) {
	t.Family(name, "histogram", help)
	var total uint64
	for i, bound := range h.bounds {
		total += h.counts[i]
		t.Sample(name+"_bucket", float64(total), "le", Number(bound.Seconds()))
	}
	total += h.counts[len(h.bounds)]
	t.Sample(name+"_bucket", float64(total), "le", "+Inf")
	t.Sample(name+"_sum", h.sum.Seconds())
	t.Sample(name+"_count", float64(total))
}

// Number is a value in the form that the format has for numbers, for labels.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Bool is a condition as a value: 1 or 0.
func Bool(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func escapeHelp(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s)
}

func escapeLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(s)
}

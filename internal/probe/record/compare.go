package record

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"nettool/internal/probe/compare"
	"nettool/internal/report"
)

// comparisonLine is one metric of a target in two runs. Null is not known: a target that
// only one of them has, or too few attempts to tell.
type comparisonLine struct {
	head
	Target    string   `json:"target"`
	OldTarget *string  `json:"old_target"`
	Metric    *string  `json:"metric"`
	Unit      *string  `json:"unit"`
	Old       *float64 `json:"old"`
	New       *float64 `json:"new"`
	Change    *float64 `json:"change"`
	P         *float64 `json:"p"`
	Verdict   string   `json:"verdict"`
}

// Comparison writes what two runs differ in to w, in a format: "text", "json" or "csv".
// Write errors carry exit.Local.
func Comparison(w io.Writer, format string, pairs []compare.Pair) error {
	out := &output{w: bufio.NewWriter(w)}
	switch format {
	case "json":
		sink := jsonSink{output: out}
		for i := range pairs {
			for _, line := range comparisons(&pairs[i]) {
				sink.line(line)
			}
		}
	case "csv":
		out.table(pairs)
	default:
		for i := range pairs {
			out.block(&pairs[i])
		}
	}
	return out.Close()
}

func comparisons(p *compare.Pair) (all []comparisonLine) {
	head := newHead("comparison", time.Now())
	switch {
	case p.New == nil:
		return []comparisonLine{{head: head, Target: p.Old.Target, OldTarget: &p.Old.Target, Verdict: "only_old"}}
	case p.Old == nil:
		return []comparisonLine{{head: head, Target: p.New.Target, Verdict: "only_new"}}
	}
	for _, r := range p.Rows {
		unit, scale := unitOf(&r)
		all = append(all, comparisonLine{
			head: head, Target: p.New.Target, OldTarget: &p.Old.Target, Metric: &r.Name, Unit: &unit,
			Old: finite(r.Old / scale), New: finite(r.New / scale), Change: finite(r.Change()), P: finite(r.P), Verdict: string(r.Verdict),
		})
	}
	return all
}

// unitOf is what a metric is written in, and how much of the value that is.
func unitOf(r *compare.Row) (unit string, scale float64) {
	switch {
	case r.Time:
		return "us", 1000
	case r.Higher:
		return "per_s", 1
	}
	return "share", 1
}

// finite is nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// block is a pair in words: a line for each metric.
func (o *output) block(p *compare.Pair) {
	switch {
	case p.New == nil:
		o.printf("%s: only in the older run\n", report.Escape(p.Old.Target))
		return
	case p.Old == nil:
		o.printf("%s: only in the newer run\n", report.Escape(p.New.Target))
		return
	}
	name := report.Escape(p.New.Target)
	if p.Old.Target != p.New.Target {
		name = report.Escape(p.Old.Target) + " → " + name
	}
	o.printf("%s\n  %-8s %12s %12s\n", name, "", "old", "new")
	o.printf("  %-8s %12d %12d\n", "sent", p.Old.Sent, p.New.Sent)
	for _, r := range p.Rows {
		o.printf("  %-8s %12s %12s  %s\n", r.Name, shown(&r, r.Old), shown(&r, r.New), judgement(&r))
	}
}

// shown is a value with its unit.
func shown(r *compare.Row, v float64) string {
	switch {
	case r.Time:
		return Millis(time.Duration(v))
	case r.Higher:
		return fmt.Sprintf("%.4g/s", v)
	}
	return percent(v)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// judgement is what is to be thought of a difference, in words.
func judgement(r *compare.Row) string {
	change := ""
	switch by := r.Change(); {
	case math.IsNaN(by), by == 0:
	case !r.Time && !r.Higher:
		change = fmt.Sprintf("%+.3g points", 100*by)
	default:
		change = fmt.Sprintf("%+.3g %%", 100*by)
	}
	switch r.Verdict {
	case compare.Better, compare.Worse:
		return fmt.Sprintf("%s: %s (p %s)", r.Verdict, change, chance(r.P))
	case compare.TooFew:
		return strings.TrimRight("too few to tell: "+change, ": ")
	}
	if change == "" {
		return "the same"
	}
	return fmt.Sprintf("noise: %s (p %s)", change, chance(r.P))
}

func chance(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// table has a header and a row for each metric.
func (o *output) table(pairs []compare.Pair) {
	rows := csv.NewWriter(o.w)
	o.note(rows.Write([]string{"target", "old_target", "metric", "unit", "old", "new", "change", "p", "verdict"}))
	for i := range pairs {
		for _, l := range comparisons(&pairs[i]) {
			o.note(rows.Write([]string{word(&l.Target), word(l.OldTarget), word(l.Metric), word(l.Unit), decimal(l.Old), decimal(l.New), decimal(l.Change), decimal(l.P), l.Verdict}))
		}
	}
	rows.Flush()
}

func decimal(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

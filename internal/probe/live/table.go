package live

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
)

// Table is a live view of several targets side by side, a line each.
type Table struct {
	*Screen
	names []string
	width int
	last  []attempt.Result
	past  []History
}

// NewTable returns a table on a screen.
func NewTable(s *Screen, names []string) *Table {
	t := &Table{Screen: s, names: names, last: make([]attempt.Result, len(names)), past: make([]History, len(names))}
	t.width = len("target")
	for _, name := range names {
		t.width = max(t.width, utf8.RuneCountInString(name))
	}
	return t
}

// Add notes an attempt.
func (t *Table) Add(target int, r *attempt.Result) {
	t.last[target] = *r
	if r.OK() {
		t.past[target].Add(r.Total)
	} else {
		t.past[target].Add(-1)
	}
}

// Draw draws what is known now.
func (t *Table) Draw(tallies []*tally.Tally) {
	if !t.On() {
		return
	}
	lines := []string{t.Paint(Faint, fmt.Sprintf("%-*s %-12s %6s %6s %7s %7s %7s service times", t.width, "target", "state", "sent", "ok", "last", "p50", "p99"))}
	for i := range tallies {
		lines = append(lines, t.row(i, tallies[i]))
	}
	t.Screen.Draw(lines...)
}

func (t *Table) row(i int, of *tally.Tally) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s ", t.width, t.names[i])
	if of.Sent == 0 {
		return b.String() + "…"
	}
	color := Red
	if t.last[i].OK() {
		color = Green
	}
	h := &of.Service
	fmt.Fprintf(&b, "%s %6d %5.1f%% %7s %7s %7s ", t.Paint(color, fmt.Sprintf("%-12s", t.last[i].Outcome)), of.Sent,
		100*float64(of.OK)/float64(of.Sent), short(t.last[i].Total), short(h.Quantile(0.5)), short(h.Quantile(0.99)))
	return b.String() + t.past[i].Sparkline(len(t.past[i].times))
}

// short is a time in at most seven characters.
func short(d time.Duration) string {
	switch {
	case d <= 0:
		return "-"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.0fs", d.Seconds())
}

package record

import (
	"fmt"
	"strings"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/histogram"
	"nettool/internal/probe/sweep"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
	"nettool/internal/probe/wait"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// textSink writes lines for people.
type textSink struct {
	*output
	verbose bool
}

// Finding writes one attempt: db:5432 refused 0.21 ms (connect).
func (s *textSink) Finding(f Finding) {
	line := Line(f.Result)
	if f.Stamped {
		line = clock(f.Result.Start) + " " + line
	}
	if f.Seq > 0 {
		line += fmt.Sprintf(", seq %d", f.Seq)
	}
	if s.verbose {
		line += phases(f.Result)
	}
	s.printf("%s\n", line)
}

// Line is one attempt in words, without a newline.
func Line(r *attempt.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", target.Label(r.Target), r.Outcome, Millis(r.Total))
	if phase := r.Phase.String(); phase != "" {
		fmt.Fprintf(&b, " (%s)", phase)
	}
	if r.Retransmits > 0 {
		fmt.Fprintf(&b, ", %d SYN retransmit%s", r.Retransmits, plural(r.Retransmits))
	}
	if r.Status > 0 && r.OK() {
		fmt.Fprintf(&b, ", status %d", r.Status)
	}
	if r.PathMTU > 0 {
		fmt.Fprintf(&b, ", path MTU %d", r.PathMTU)
	}
	if r.Tries > 1 {
		fmt.Fprintf(&b, ", %d tries", r.Tries)
	}
	if r.Detail != "" {
		fmt.Fprintf(&b, ": %s", report.Escape(r.Detail))
	}
	if r.Banner != "" {
		fmt.Fprintf(&b, ": %s", report.Escape(r.Banner))
	}
	return b.String()
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// phases lists where the time went, for -v.
func phases(r *attempt.Result) string {
	var b strings.Builder
	for p := range attempt.Phases {
		if took := r.Took[p]; took > 0 {
			fmt.Fprintf(&b, " %s=%s", p, compact(took))
		}
	}
	if r.RTT > 0 {
		fmt.Fprintf(&b, " rtt=%s", compact(r.RTT))
	}
	if r.Addr != "" {
		fmt.Fprintf(&b, " addr=%s", r.Addr)
	}
	if f := r.TLS; f != nil && !f.Expires.IsZero() {
		fmt.Fprintf(&b, " cipher=%s subject=\"%s\" issuer=\"%s\" names=%s expires=%s", f.Cipher, report.Escape(f.Subject), report.Escape(f.Issuer), report.Escape(strings.Join(f.Names, ",")), f.Expires.UTC().Format(time.RFC3339))
	}
	return " [" + strings.TrimPrefix(b.String(), " ") + "]"
}

// Waited writes how waiting ended, with its history.
func (s *textSink) Waited(w *wait.Ending) { s.printf("%s\n", WaitedLine(w)) }

// WaitedLine is the end of a wait in words.
func WaitedLine(w *wait.Ending) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s after %s", target.Label(w.Last.Target), verdict(w), Seconds(w.Took))
	if w.Last.Detail != "" && !w.Last.OK() {
		fmt.Fprintf(&b, " (%s)", report.Escape(w.Last.Detail))
	}
	b.WriteString(": ")
	for i, h := range w.History {
		switch {
		case i > 0 && i == len(w.History)-1 && w.Done:
			fmt.Fprintf(&b, " → %s %s", h.Outcome, Seconds(h.From))
		case i > 0:
			fmt.Fprintf(&b, " → %s –%s", h.Outcome, Seconds(h.To))
		case w.Done && len(w.History) == 1:
			fmt.Fprintf(&b, "%s %s", h.Outcome, Seconds(h.From))
		default:
			fmt.Fprintf(&b, "%s 0–%s", h.Outcome, Seconds(h.To))
		}
	}
	fmt.Fprintf(&b, " (%d attempt%s)", w.Attempts, plural(w.Attempts))
	return b.String()
}

func verdict(w *wait.Ending) string {
	switch {
	case w.Down && w.Done:
		return "down"
	case w.Down && (w.Last.Outcome == attempt.DNSError || !w.Last.Outcome.Verdict()):
		return "not known to be down"
	case w.Down:
		return "still up"
	case w.Done:
		return "ok"
	}
	return "not ready"
}

// Change writes that a target went down or came up, and when.
func (s *textSink) Change(to socket.Addr, c *tally.Change) {
	if c.First && c.Up {
		return // no news
	}
	s.printf("%s\n", ChangeLine(to, c))
}

// ChangeLine is a change in words: its time, the target, its state, and how
// long the state before had lasted.
func ChangeLine(to socket.Addr, c *tally.Change) string {
	line := fmt.Sprintf("%s %s is %s", clock(c.At), target.Label(to), state(c.Up))
	if !c.Up {
		line += fmt.Sprintf(" (%s)", c.Outcome)
	}
	if !c.First {
		line += fmt.Sprintf(", was %s for %s", state(!c.Up), Seconds(c.Lasted))
	}
	return line
}

func state(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// Difference writes that a port is not what was expected.
func (s *textSink) Difference(r *attempt.Result, expected string) {
	s.printf("difference: %s is %s, expected to be %s\n", target.Label(r.Target), r.Outcome, expected)
}

// ProgressLine tells how far a sweep is, and how long the rest may take.
func ProgressLine(p sweep.Progress, took time.Duration) string {
	line := fmt.Sprintf("%d/%d ports (%d %%), %d open", p.Done, p.Total, 100*p.Done/max(p.Total, 1), p.Open)
	if p.Again > 0 {
		line += fmt.Sprintf(", %d to ask again", p.Again)
	}
	line += fmt.Sprintf(", %d at once, %.1f s", p.Window, took.Seconds())
	if p.Done > 0 && p.Done < p.Total {
		line += fmt.Sprintf(", about %.0f s left", took.Seconds()/float64(p.Done)*float64(p.Total-p.Done))
	}
	return line
}

// Summary writes what a series came to.
func (s *textSink) Summary(sum *Summary) {
	s.printf("%s\n", SummaryLine(sum))
	t := sum.Tally
	if t.OK > 0 && sum.Target != nil {
		s.printf("  response %s, jitter %s\n", times(&t.Response), Millis(t.Jitter()))
		s.printf("  service  %s\n", times(&t.Service))
	}
	if t.Packets > 0 && sum.Target != nil {
		s.printf("  loss     %s\n", loss(t, sum.Target))
	}
	s.outages(t)
	s.after(sum)
}

// after writes what was judged, and drawn.
func (s *textSink) after(sum *Summary) {
	for _, j := range sum.Judged {
		word := "holds"
		if !j.Holds {
			word = "broken"
		}
		s.printf("  require %s: %s, %s\n", j.Text, word, j.Got)
	}
	s.printf("%s", sum.Plot)
}

// loss is how many of the packets that asked were not answered.
func loss(t *tally.Tally, of *socket.Addr) string {
	what := "SYNs"
	switch {
	case of.Network == "icmp":
		what = "echo requests"
	case of.Datagram():
		what = "datagrams"
	}
	return fmt.Sprintf("%d of %d %s (%.3g %%)", t.Lost, t.Packets, what, 100*float64(t.Lost)/float64(t.Packets))
}

func times(h *histogram.Histogram) string {
	return fmt.Sprintf("min %s p50 %s p90 %s p99 %s max %s",
		Millis(h.Min()), Millis(h.Quantile(0.5)), Millis(h.Quantile(0.9)), Millis(h.Quantile(0.99)), Millis(h.Max()))
}

// SummaryLine counts: who, sent, ok, the other outcomes, missed ticks.
func SummaryLine(sum *Summary) string {
	var b strings.Builder
	who := "all"
	if sum.Target != nil {
		who = target.Label(*sum.Target)
	}
	fmt.Fprintf(&b, "%s: sent %d, ok %d", who, sum.Tally.Sent, sum.Tally.OK)
	for o := attempt.OK + 1; o < attempt.Outcomes; o++ {
		if n := sum.Tally.Outcomes[o]; n > 0 {
			fmt.Fprintf(&b, ", %s %d", o, n)
		}
	}
	if sum.Tally.Missed > 0 {
		fmt.Fprintf(&b, ", missed %d", sum.Tally.Missed)
	}
	if sum.NotAsked > 0 {
		fmt.Fprintf(&b, ", not asked %d", sum.NotAsked)
	}
	fmt.Fprintf(&b, " in %s", Seconds(sum.Elapsed))
	return b.String()
}

// InterimLine is a summary in one line, while it goes on.
func InterimLine(sum *Summary) string {
	line := SummaryLine(sum)
	if sum.Tally.OK > 0 {
		line += ", response " + times(&sum.Tally.Response)
	}
	return line
}

func (s *textSink) outages(t *tally.Tally) {
	kept, count := t.Outages()
	for _, o := range kept {
		if o.Over {
			s.printf("  outage %s to %s: %s, %s, %d failed\n", clock(o.From), clock(o.To), Seconds(o.Length()), o.Outcome, o.Failed)
		} else {
			s.printf("  outage %s, not over: %s so far, %s, %d failed\n", clock(o.From), Seconds(o.Length()), o.Outcome, o.Failed)
		}
	}
	if more := count - int64(len(kept)); more > 0 {
		longest := t.Longest()
		s.printf("  and %d more outages; the longest of all %s\n", more, Seconds(longest.Length()))
	}
}

// Millis is a duration in milliseconds, as exact as its size deserves.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", ms)
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// Seconds is a duration in seconds, to the millisecond.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// compact is Millis without a space, for key=value.
func compact(d time.Duration) string { return strings.Replace(Millis(d), " ", "", 1) }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

package record

import (
	"fmt"
	"strconv"
	"strings"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/probe/target"
	"nettool/internal/probe/wait"
	"nettool/internal/socket"
)

// promSink keeps the last result and the counts of every target, and writes
// them at the end in Prometheus' text format (version 0.0.4), for a textfile
// collector.
type promSink struct {
	*output
	order []socket.Addr
	known map[socket.Addr]*promTarget
}

type promTarget struct {
	last    attempt.Result
	counts  [attempt.Outcomes]int64
	summary *tally.Tally
	waited  float64
}

// Finding counts one attempt.
func (s *promSink) Finding(f Finding) {
	t := s.of(f.Result.Target)
	t.last = *f.Result
	t.counts[f.Result.Outcome]++
}

// Waited counts the last attempt, and how long it all took.
func (s *promSink) Waited(w *wait.Ending) {
	s.Finding(Finding{Result: &w.Last})
	s.of(w.Last.Target).waited = w.Took.Seconds()
}

// Change writes nothing: nettool_probe_up tells the state at the end.
func (s *promSink) Change(socket.Addr, *tally.Change) {}

// Difference writes nothing: the exit code tells.
func (s *promSink) Difference(*attempt.Result, string) {}

// Summary keeps a target's counts for the end.
func (s *promSink) Summary(sum *Summary) {
	if sum.Target != nil {
		s.of(*sum.Target).summary = sum.Tally
	}
}

func (s *promSink) of(a socket.Addr) *promTarget {
	t := s.known[a]
	if t == nil {
		t = &promTarget{}
		s.known[a] = t
		s.order = append(s.order, a)
	}
	return t
}

// Close writes all the metrics.
func (s *promSink) Close() error {
	s.metric("nettool_probe_up", "gauge", "1 if the last attempt was ok.", func(t *promTarget, l label) {
		up := 0
		if t.last.OK() {
			up = 1
		}
		s.printf("nettool_probe_up%s %d\n", l, up)
	})
	s.metric("nettool_probe_attempts_total", "counter", "Attempts by outcome.", s.attempts)
	s.metric("nettool_probe_duration_seconds", "gauge", "Time of the last attempt, in all and by phase.", s.durations)
	s.metric("nettool_probe_response_seconds", "summary", "Response times of ok attempts.", s.responses)
	s.metric("nettool_probe_missed_ticks_total", "counter", "Ticks at which no attempt could start.", func(t *promTarget, l label) {
		if t.summary != nil {
			s.printf("nettool_probe_missed_ticks_total%s %d\n", l, t.summary.Missed)
		}
	})
	s.metric("nettool_probe_waited_seconds", "gauge", "How long the wait took.", func(t *promTarget, l label) {
		if t.waited > 0 {
			s.printf("nettool_probe_waited_seconds%s %s\n", l, float(t.waited))
		}
	})
	return s.Flush()
}

func (s *promSink) metric(name, kind, help string, each func(*promTarget, label)) {
	s.printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	for _, a := range s.order {
		each(s.known[a], label{"target", target.Label(a)})
	}
}

func (s *promSink) attempts(t *promTarget, l label) {
	counts := t.counts
	if t.summary != nil {
		counts = t.summary.Outcomes
	}
	for o := range attempt.Outcomes {
		s.printf("nettool_probe_attempts_total%s %d\n", l.and("outcome", o.String()), counts[o])
	}
}

func (s *promSink) durations(t *promTarget, l label) {
	s.printf("nettool_probe_duration_seconds%s %s\n", l.and("phase", "total"), float(t.last.Total.Seconds()))
	for p := range attempt.Phases {
		if took := t.last.Took[p]; took > 0 {
			s.printf("nettool_probe_duration_seconds%s %s\n", l.and("phase", p.String()), float(took.Seconds()))
		}
	}
}

func (s *promSink) responses(t *promTarget, l label) {
	if t.summary == nil {
		return
	}
	h := &t.summary.Response
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		s.printf("nettool_probe_response_seconds%s %s\n", l.and("quantile", float(q)), float(h.Quantile(q).Seconds()))
	}
	s.printf("nettool_probe_response_seconds_sum%s %s\n", l, float(h.Sum().Seconds()))
	s.printf("nettool_probe_response_seconds_count%s %d\n", l, h.N())
}

// label is names and values in turn.
type label []string

func (l label) and(name, value string) label { return append(l[:len(l):len(l)], name, value) }

// String is the labels as the text format wants them.
func (l label) String() string {
	var parts []string
	for i := 0; i < len(l); i += 2 {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(l[i+1])
		parts = append(parts, fmt.Sprintf(`%s="%s"`, l[i], value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func float(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

package record

import (
	"math"

	"nettool/internal/metrics"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/load"
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
	load  *load.Report // or nil
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

// Waited counts all the attempts, and how long it all took.
func (s *promSink) Waited(w *wait.Ending) {
	t := s.of(w.Last.Target)
	t.last, t.waited = w.Last, w.Took.Seconds()
	for o, n := range w.Outcomes {
		t.counts[o] += n
	}
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
	s.family("nettool_probe_up", "gauge", "1 if the last attempt was ok.", func(p *metrics.Text, t *promTarget, to string) {
		p.Sample("nettool_probe_up", metrics.Bool(t.last.OK()), "target", to)
	})
	s.family("nettool_probe_attempts_total", "counter", "Attempts by outcome.", attempts)
	s.family("nettool_probe_duration_seconds", "gauge", "Time of the last attempt, in all and by phase.", durations)
	s.family("nettool_probe_response_seconds", "summary", "Response times of ok attempts.", responses)
	s.family("nettool_probe_missed_ticks_total", "counter", "Ticks at which no attempt could start.", func(p *metrics.Text, t *promTarget, to string) {
		if t.summary != nil {
			p.Sample("nettool_probe_missed_ticks_total", float64(t.summary.Missed), "target", to)
		}
	})
	s.family("nettool_probe_packets_total", "counter", "Packets that asked, and those of them that were lost.", packets)
	s.family("nettool_probe_waited_seconds", "gauge", "How long the wait took.", func(p *metrics.Text, t *promTarget, to string) {
		if t.waited > 0 {
			p.Sample("nettool_probe_waited_seconds", t.waited, "target", to)
		}
	})
	if s.load != nil {
		s.loaded()
	}
	return s.Flush()
}

// loaded writes what a load came to.
func (s *promSink) loaded() {
	var page metrics.Text
	to, goal := target.Label(s.load.Config.Target), s.load.Config.Rate
	page.Family("nettool_probe_load_requests_per_second", "gauge", "Requests answered well a second, and how many were asked for.")
	page.Sample("nettool_probe_load_requests_per_second", s.load.Done(), "target", to, "kind", "done")
	if goal > 0 {
		page.Sample("nettool_probe_load_requests_per_second", goal, "target", to, "kind", "target")
	}
	s.write(page.Bytes())
}

// family writes one metric of all targets, a target at a time: there may be very
// many.
func (s *promSink) family(name, kind, help string, each func(page *metrics.Text, t *promTarget, to string)) {
	var page metrics.Text
	page.Family(name, kind, help)
	for _, a := range s.order {
		each(&page, s.known[a], target.Label(a))
		s.write(page.Bytes())
		page.Reset()
	}
	s.write(page.Bytes())
}

func attempts(p *metrics.Text, t *promTarget, to string) {
	counts := t.counts
	if t.summary != nil {
		counts = t.summary.Outcomes
	}
	for o := range attempt.Outcomes {
		p.Sample("nettool_probe_attempts_total", float64(counts[o]), "target", to, "outcome", o.String())
	}
}

func packets(p *metrics.Text, t *promTarget, to string) {
	if t.summary == nil || t.summary.Packets == 0 {
		return
	}
	p.Sample("nettool_probe_packets_total", float64(t.summary.Packets), "target", to, "kind", "sent")
	p.Sample("nettool_probe_packets_total", float64(t.summary.Lost), "target", to, "kind", "lost")
}

func durations(p *metrics.Text, t *promTarget, to string) {
	p.Sample("nettool_probe_duration_seconds", t.last.Total.Seconds(), "target", to, "phase", "total")
	for phase := range attempt.Phases {
		if took := t.last.Took[phase]; took > 0 {
			p.Sample("nettool_probe_duration_seconds", took.Seconds(), "target", to, "phase", phase.String())
		}
	}
}

func responses(p *metrics.Text, t *promTarget, to string) {
	if t.summary == nil {
		return
	}
	h := &t.summary.Response
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		seconds := h.Quantile(q).Seconds()
		if h.N() == 0 {
			seconds = math.NaN() // as Prometheus' own summaries have it
		}
		p.Sample("nettool_probe_response_seconds", seconds, "target", to, "quantile", metrics.Number(q))
	}
	p.Sample("nettool_probe_response_seconds_sum", h.Sum().Seconds(), "target", to)
	p.Sample("nettool_probe_response_seconds_count", float64(h.N()), "target", to)
}

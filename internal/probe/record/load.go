package record

import (
	"fmt"
	"io"
	"strings"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/load"
	"nettool/internal/probe/target"
)

// loadLine is the summary of a load. Of a closed loop there is no target rate, and a
// response is a service.
type loadLine struct {
	summaryLine
	Pattern    string     `json:"pattern"`
	Model      string     `json:"model"`
	Conns      int        `json:"conns"`
	Threads    int        `json:"threads"`
	RateTarget *float64   `json:"rate_target"`
	RateDone   float64    `json:"rate_done"`
	Verdict    string     `json:"verdict"`
	Busy       int64      `json:"busy"`
	Late       timesPart  `json:"late"`
	Phases     phasesPart `json:"phases"`
}

type phasesPart struct {
	Connect   timesPart `json:"connect"`
	TLS       timesPart `json:"tls"`
	FirstByte timesPart `json:"first_byte"`
}

type kneeLine struct {
	head
	place
	Rate    *float64 `json:"rate"`
	Above   *float64 `json:"above"`
	Verdict string   `json:"verdict"`
}

// Load writes what loads came to, to a writer in a format: "text", "json", "csv" or
// "prom". It is for one goroutine. Write errors are kept for Close.
type Load struct {
	sink   Sink
	format string
}

// NewLoad returns a Load that writes to w.
func NewLoad(w io.Writer, format string) *Load { return &Load{New(w, format, false), format} }

// Report writes one run, whose summary has what was judged and drawn.
func (l *Load) Report(r *load.Report, sum *Summary) {
	switch s := l.sink.(type) {
	case *textSink:
		s.load(r, sum)
	case *jsonSink:
		s.load(r, sum)
	case *promSink:
		s.Summary(sum)
		s.load = r
		if r.OK == 0 {
			s.of(r.Config.Target).last.Outcome = attempt.Timeout // it is not up
		}
	case *csvSink:
		s.load(r)
	}
}

// Step writes one run of a ramp: in text, a line.
func (l *Load) Step(r *load.Report, sum *Summary) {
	s, ok := l.sink.(*textSink)
	if !ok {
		l.Report(r, sum)
		return
	}
	s.printf("%s: %s", load.PerSecond(r.Config.Rate), r.Verdict)
	if r.OK > 0 {
		s.printf(", response %s", times(&r.Response))
	}
	if n := r.Failed(); n > 0 {
		s.printf(", failed %d of %d", n, r.Sent)
	}
	s.printf("\n")
	s.after(sum)
}

// Knee writes what a ramp has found.
func (l *Load) Knee(r *load.Report, k load.Knee) {
	switch s := l.sink.(type) {
	case *textSink:
		s.printf("%s: %s\n", target.Label(r.Config.Target), k)
	case *jsonSink:
		line := kneeLine{head: newHead("knee", time.Now()), place: placeOf(r.Config.Target), Verdict: k.Why.String()}
		if k.Rate > 0 {
			line.Rate = &k.Rate
		}
		if k.Above > 0 {
			line.Above = &k.Above
		}
		s.line(line)
	}
}

// Close writes what is left, and returns the first error, with exit.Local.
func (l *Load) Close() error { return l.sink.Close() }

// Flush writes what is buffered.
func (l *Load) Flush() error { return l.sink.Flush() }

func model(r *load.Report) string {
	if r.Config.Rate > 0 {
		return "open"
	}
	return "closed"
}

func (s *jsonSink) load(r *load.Report, sum *Summary) {
	line := loadLine{
		summaryLine: summaryOf(sum), Pattern: r.Config.Pattern.String(), Model: model(r), Conns: r.Config.Conns, Threads: r.Config.Threads,
		RateDone: r.Done(), Verdict: r.Verdict.Kind.String(), Busy: r.Busy, Late: timesOf(&r.Late),
		Phases: phasesPart{timesOf(&r.Connected), timesOf(&r.Handshake), timesOf(&r.FirstByte)},
	}
	if r.Config.Rate > 0 {
		line.RateTarget = &r.Config.Rate
	}
	s.line(line)
}

// load writes a block: counts and rate, times, the verdict.
func (s *textSink) load(r *load.Report, sum *Summary) {
	s.printf("%s, %s\n", SummaryLine(sum), LoadLine(r))
	switch {
	case r.OK == 0:
	case r.Config.Rate > 0:
		s.printf("  response   %s\n", times(&r.Response))
		s.printf("  service    %s\n", times(&r.Service))
	default:
		s.printf("  service    %s\n", times(&r.Service))
	}
	s.phase("connect", r.Connected.N(), func() string { return times(&r.Connected) })
	s.phase("tls", r.Handshake.N(), func() string { return times(&r.Handshake) })
	s.phase("first byte", r.FirstByte.N(), func() string { return times(&r.FirstByte) })
	if r.Busy > 0 {
		s.printf("  %d waited for one of %d connections to become free\n", r.Busy, r.Config.Conns)
	}
	if r.Config.Pattern != load.Idle {
		s.printf("  %s\n", r.Verdict)
	}
	s.after(sum)
}

func (s *textSink) phase(name string, n uint64, times func() string) {
	if n > 0 {
		s.printf("  %-10s %s\n", name, times())
	}
}

// LoadLine is what was done, in words.
func LoadLine(r *load.Report) string {
	c := &r.Config
	var b strings.Builder
	if c.Pattern == load.Idle {
		return fmt.Sprintf("idle, %d connection%s", c.Conns, plural(c.Conns))
	}
	b.WriteString(load.PerSecond(r.Done()))
	if c.Rate > 0 {
		b.WriteString(" of " + load.PerSecond(c.Rate))
	}
	fmt.Fprintf(&b, " (%s, %s loop, %d connection%s)", c.Pattern, model(r), c.Conns, plural(c.Conns))
	return b.String()
}

// LoadProgress is how a load goes, in words.
func LoadProgress(c *load.Config, sofar *load.Stats, took time.Duration) string {
	all := c.Warmup + c.Duration
	line := fmt.Sprintf("%s, %s", target.Label(c.Target), c.Pattern)
	switch {
	case c.Pattern == load.Idle:
		return line + fmt.Sprintf(": %d of %d open, %.0f s", sofar.Open, c.Conns, took.Seconds())
	case c.Rate > 0:
		line += " at " + load.PerSecond(c.Rate)
	}
	line += fmt.Sprintf(": %.0f s", took.Seconds())
	if c.Duration > 0 {
		line += fmt.Sprintf(" of %.0f s", all.Seconds())
	}
	if took < c.Warmup {
		return line + ", warming up"
	}
	line += fmt.Sprintf(", %s, ok %d", load.PerSecond(float64(sofar.OK)/(took-c.Warmup).Seconds()), sofar.OK)
	if n := sofar.Failed(); n > 0 {
		line += fmt.Sprintf(", failed %d", n)
	}
	if sofar.OK > 0 {
		line += ", " + times(&sofar.Response)
	}
	return line
}

// load writes a row a run.
func (s *csvSink) load(r *load.Report) {
	if s.rows == nil {
		s.begin([]string{
			"host", "port", "pattern", "model", "conns", "rate_target", "rate_done", "sent", "ok", "missed", "verdict",
			"response_p50_us", "response_p90_us", "response_p99_us", "response_max_us", "service_p50_us", "service_p99_us",
		})
	}
	at, c := placeOf(r.Config.Target), &r.Config
	goal := ""
	if c.Rate > 0 {
		goal = perSecond(c.Rate)
	}
	response, service := timesOf(&r.Response), timesOf(&r.Service)
	s.note(s.rows.Write([]string{
		word(at.Host), number(at.Port), c.Pattern.String(), model(r), fmt.Sprint(c.Conns), goal, perSecond(r.Done()), fmt.Sprint(r.Sent), fmt.Sprint(r.OK), fmt.Sprint(r.Missed), r.Verdict.Kind.String(),
		fmt.Sprint(response.P50US), fmt.Sprint(response.P90US), fmt.Sprint(response.P99US), fmt.Sprint(response.MaxUS), fmt.Sprint(service.P50US), fmt.Sprint(service.P99US),
	}))
	s.rows.Flush()
}

// perSecond is a rate.
func perSecond(v float64) string { return fmt.Sprintf("%.6g", v) }

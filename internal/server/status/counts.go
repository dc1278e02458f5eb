package status

import (
	"math"
	"runtime"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/metrics"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
)

// Counts is what the server has counted since its start. It belongs to the
// event loop; a connection costs it a few additions.
type Counts struct {
	since    time.Time
	Admitted uint64
	closed   [handoff.Error + 1]uint64 // by reason
	Rejected map[admit.Cause]uint64
	bytesIn  int64 // of connections that have ended
	bytesOut int64
	in, out  int64              // datagrams of conversations that have ended
	dropped  int64              // of those, and to them
	handoff  *metrics.Histogram // accept to a process that has it; nil when nobody asks
	duration *metrics.Histogram

	Spawned       uint64
	SpawnFailures uint64
	ChildExits    uint64 // of children that nobody had told to end
}

// causes are all causes of a reject.
func causes() []admit.Cause {
	return []admit.Cause{admit.Deny, admit.PerSource, admit.SourceRate, admit.Rate, admit.Full, admit.Resources, admit.Proxy, admit.Backend, admit.Port, admit.AnswerRate, admit.BadRules, admit.Banner}
}

// NewCounts makes counters, with histograms when somebody may ask for them.
func NewCounts(histograms bool) *Counts {
	c := &Counts{since: time.Now(), Rejected: map[admit.Cause]uint64{}}
	if histograms {
		c.handoff = metrics.NewHistogram(50*time.Microsecond, 100*time.Microsecond, 250*time.Microsecond, 500*time.Microsecond,
			time.Millisecond, 2500*time.Microsecond, 5*time.Millisecond, 10*time.Millisecond, 25*time.Millisecond,
			50*time.Millisecond, 100*time.Millisecond, 250*time.Millisecond, time.Second, 5*time.Second)
		c.duration = metrics.NewHistogram(time.Millisecond, 5*time.Millisecond, 25*time.Millisecond, 100*time.Millisecond,
			500*time.Millisecond, 2500*time.Millisecond, 10*time.Second, time.Minute, 5*time.Minute, 30*time.Minute, 2*time.Hour, 12*time.Hour)
	}
	return c
}

// Opened notes that a connection is being run, which was accepted then, as
// handoff.Now tells time.
func (c *Counts) Opened(accepted int64) {
	if c.handoff != nil {
		c.handoff.Observe(time.Duration(handoff.Now() - accepted))
	}
}

// Ended notes a connection's closing record.
func (c *Counts) Ended(e *run.Ending) {
	c.closed[min(e.Reason, handoff.Error)]++
	c.bytesIn = sum(c.bytesIn, e.BytesIn)
	c.bytesOut = sum(c.bytesOut, e.BytesOut)
	c.in, c.out, c.dropped = c.in+e.DatagramsIn, c.out+e.DatagramsOut, c.dropped+e.Dropped
	if c.duration != nil {
		c.duration.Observe(e.Duration)
	}
}

// sum adds two counts, of which a child may have made up one: the most there can
// be is as far as it goes.
func sum(a, b int64) int64 {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// isReady reports whether a new connection is served.
func isReady(g *run.Gauges) bool { return g.State == "ready" }

// page writes the metrics. dropped is how many lines of the log were lost.
func (c *Counts) page(g *run.Gauges, dropped int, older upgrade.Older, lives bool) []byte {
	var t metrics.Text
	t.Family("nettool_connections", "gauge", "Connections that are open, by state.")
	t.Sample("nettool_connections", float64(g.Open-g.Waiting), "state", "running")
	t.Sample("nettool_connections", float64(g.Waiting), "state", "waiting")
	t.Gauge("nettool_connections_limit", "Connections that may be open at the same time.", float64(g.Limit))
	t.Counter("nettool_connections_admitted_total", "Connections that were let in.", c.Admitted)
	t.Family("nettool_connections_closed_total", "counter", "Connections that have ended, by reason.")
	for reason, n := range c.closed {
		t.Sample("nettool_connections_closed_total", float64(n), "reason", handoff.Reason(reason).String())
	}
	t.Family("nettool_connections_rejected_total", "counter", "Connections that were turned away, by cause.")
	for _, cause := range causes() {
		t.Sample("nettool_connections_rejected_total", float64(c.Rejected[cause]), "cause", string(cause))
	}
	t.Family("nettool_closed_connections_bytes_total", "counter", "Bytes of connections that have ended, from (in) and to (out) the peers.")
	t.Sample("nettool_closed_connections_bytes_total", float64(c.bytesIn), "direction", "in")
	t.Sample("nettool_closed_connections_bytes_total", float64(c.bytesOut), "direction", "out")
	t.Family("nettool_closed_connections_datagrams_total", "counter", "Datagrams of conversations that have ended, from (in) and to (out) the peers.")
	t.Sample("nettool_closed_connections_datagrams_total", float64(c.in), "direction", "in")
	t.Sample("nettool_closed_connections_datagrams_total", float64(c.out), "direction", "out")
	t.Counter("nettool_closed_connections_datagrams_dropped_total", "Datagrams of conversations that have ended, either way, for which there was no room.", uint64(c.dropped))
	if c.handoff != nil {
		t.Histogram("nettool_handoff_duration_seconds", "Time from accept to a process that has the connection.", c.handoff)
		t.Histogram("nettool_connection_duration_seconds", "How long connections were open.", c.duration)
	}
	t.Family("nettool_children", "gauge", "Processes for connections, by state.")
	t.Sample("nettool_children", float64(g.Idle), "state", "idle")
	t.Sample("nettool_children", float64(g.Busy), "state", "busy")
	t.Sample("nettool_children", float64(g.Starting), "state", "starting")
	t.Counter("nettool_spawns_total", "Processes that were started.", c.Spawned)
	t.Counter("nettool_spawn_failures_total", "Processes that could not be started.", c.SpawnFailures)
	t.Counter("nettool_child_exits_total", "Children that ended without being told to.", c.ChildExits)
	t.Counter("nettool_log_lines_dropped_total", "Lines of the log that standard error did not take.", uint64(dropped))
	t.Gauge("nettool_ready", "1 when new connections are served.", metrics.Bool(isReady(g)))
	t.Gauge("nettool_goroutines", "Goroutines of the server.", float64(runtime.NumGoroutine()))
	t.Gauge("nettool_start_time_seconds", "When the server started, in seconds since the epoch.", float64(c.since.UnixMilli())/1000)
	t.Gauge("nettool_older_image", "1 while an older image of the program, after an upgrade, has connections.", metrics.Bool(lives))
	t.Gauge("nettool_older_image_connections", "Connections of the older image.", float64(older.Connections))
	return t.Bytes()
}

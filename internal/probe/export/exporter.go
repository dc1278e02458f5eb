package export

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"nettool/internal/admin"
	"nettool/internal/metrics"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
)

// Exporter answers requests. It is safe for concurrent use.
type Exporter struct {
	ctx      context.Context
	most     int    // attempts at once
	version  string // of the program
	mu       sync.Mutex
	config   *Config
	fresh    bool // the last reload was good
	loaded   time.Time
	running  int
	ended    map[string]*[attempt.Outcomes]uint64 // by module
	refused  map[string]uint64                    // by cause
	duration *metrics.Histogram
}

// New makes an exporter whose attempts end with ctx. A request beyond most of them at once
// is refused. version is the program's.
func New(ctx context.Context, config *Config, most int, version string) *Exporter {
	e := &Exporter{
		ctx: ctx, most: most, version: version, ended: map[string]*[attempt.Outcomes]uint64{}, refused: map[string]uint64{},
		duration: metrics.NewHistogram(time.Millisecond, 5*time.Millisecond, 25*time.Millisecond, 100*time.Millisecond, 500*time.Millisecond, time.Second, 2500*time.Millisecond, 5*time.Second, 10*time.Second),
	}
	for _, cause := range causes() {
		e.refused[cause] = 0
	}
	e.Use(config)
	return e
}

// causes are why a request is refused.
func causes() []string { return []string{"malformed", "module", "target", "busy"} }

// Use is what the configuration is from now on. Attempts under way keep theirs.
func (e *Exporter) Use(config *Config) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.config, e.fresh, e.loaded = config, true, time.Now()
}

// Stale notes that a configuration could not be read: the one before stays.
func (e *Exporter) Stale() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fresh = false
}

// Pages are those that need no target.
func (e *Exporter) Pages() map[string]admin.Page {
	return map[string]admin.Page{
		"/metrics":   func() admin.Reply { return page(e.own()) },
		"/-/healthy": func() admin.Reply { return admin.Plain(200, "healthy") },
		"/": func() admin.Reply {
			return admin.Plain(200, "nettool probe export: /probe?target=TARGET&module=MODULE asks a target, /metrics is about the exporter")
		},
	}
}

func page(body []byte) admin.Reply {
	return admin.Reply{Status: 200, Type: metrics.ContentType, Body: body}
}

// Find answers /probe.
func (e *Exporter) Find(r *admin.Request) (reply admin.Reply, ok bool) {
	if r.Path != "/probe" {
		return reply, false
	}
	q, err := url.ParseQuery(r.Query)
	if err != nil || len(q["target"]) != 1 || len(q["module"]) > 1 {
		return e.refuse("malformed", 400, "the form is /probe?target=TARGET&module=MODULE"), true
	}
	name := q.Get("module")
	if name == "" {
		name = Default
	}
	t, err := target.Parse(q.Get("target"))
	if err != nil {
		return e.refuse("malformed", 400, err.Error()), true
	}
	if t.Len() != 1 || t.Count().BitLen() != 1 {
		return e.refuse("malformed", 400, "a request asks one target"), true
	}
	return e.ask(name, t.Addr, scrapeTimeout(r)), true
}

// ask asks a target, if it may.
func (e *Exporter) ask(module string, to socket.Addr, within time.Duration) admin.Reply {
	e.mu.Lock()
	spec, known := e.config.Modules[module]
	allowed, wrong, busy := e.config.Allows(to), spec.Fits(to), e.running >= e.most
	if known && allowed && wrong == nil && !busy {
		e.running++
	}
	e.mu.Unlock()
	switch {
	case !known:
		return e.refuse("module", 400, "there is no such module")
	case !allowed:
		return e.refuse("target", 403, "the configuration does not allow this target")
	case wrong != nil:
		return e.refuse("malformed", 400, wrong.Error())
	case busy:
		return e.refuse("busy", 503, "too many targets are being asked")
	}
	if within > 0 && within < spec.Limit() {
		spec.Timeout = max(within-spec.Stay, time.Millisecond)
	}
	r := spec.Try(e.ctx, to, nil)
	e.count(module, &r)
	return page(probed(&r, &spec))
}

// refuse counts a request that is not answered with metrics.
func (e *Exporter) refuse(cause string, status int, text string) admin.Reply {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused[cause]++
	return admin.Plain(status, text)
}

// count notes the end of an attempt.
func (e *Exporter) count(module string, r *attempt.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	if e.ended[module] == nil {
		e.ended[module] = new([attempt.Outcomes]uint64)
	}
	e.ended[module][r.Outcome]++
	e.duration.Observe(r.Total)
}

// scrapeTimeout is how long whoever scrapes waits, less what the way takes, or zero.
func scrapeTimeout(r *admin.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Field("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	const way = 0.5 // as blackbox_exporter's --timeout-offset
	if seconds > way {
		seconds -= way
	}
	return time.Duration(math.Min(seconds, 3600) * float64(time.Second))
}

// own is the page about the exporter.
func (e *Exporter) own() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	var p metrics.Text
	p.Family("nettool_exporter_build_info", "gauge", "The program's version.")
	p.Sample("nettool_exporter_build_info", 1, "version", e.version)
	p.Gauge("nettool_exporter_config_last_reload_successful", "1 if the configuration was read without an error the last time.", metrics.Bool(e.fresh))
	p.Gauge("nettool_exporter_config_last_reload_success_timestamp_seconds", "When the configuration in force was read.", float64(e.loaded.UnixMilli())/1000)
	p.Gauge("nettool_exporter_probes_in_flight", "Attempts under way.", float64(e.running))
	p.Family("nettool_exporter_probes_total", "counter", "Attempts by module and outcome.")
	modules := make([]string, 0, len(e.ended))
	for m := range e.ended {
		modules = append(modules, m)
	}
	slices.Sort(modules)
	for _, m := range modules {
		for o := range attempt.Outcomes {
			p.Sample("nettool_exporter_probes_total", float64(e.ended[m][o]), "module", m, "outcome", o.String())
		}
	}
	p.Family("nettool_exporter_refused_total", "counter", "Requests that asked nobody, by cause.")
	for _, cause := range causes() {
		p.Sample("nettool_exporter_refused_total", float64(e.refused[cause]), "cause", cause)
	}
	p.Histogram("nettool_exporter_probe_duration_seconds", "How long attempts took.", e.duration)
	return p.Bytes()
}

package server

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"nettool/internal/admin"
	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/metrics"
	"nettool/internal/report"
	"nettool/internal/socket"
)

// Admin is where --admin answers, and whom.
type Admin struct {
	Addrs []socket.Addr
	Allow []admit.CIDR // besides loopback
}

// model is what the admin pages ask of the way that connections are run.
type model interface {
	// ask runs fn where the model's state may be read, and reports whether it
	// came to that within a moment.
	ask(fn func()) bool
	// The others are called by such a func only.
	gauges() gauges
	counted() *counts
	table() []live
	listening() []string
}

// desk is the admin server with what its pages show.
type desk struct {
	cfg    *Config
	server *admin.Server
	model  model

	mu    sync.Mutex
	list  []byte    // the page of connections
	fresh time.Time // until then it is given out again
}

// share is how much longer a page of connections is given out than it took to
// make, so that those who ask have no more than a small share of the event loop.
const share = 20

// patience is how long a page waits for the model.
const patience = 2 * time.Second

// openDesk opens the admin listeners, while we have the rights to; nil without
// --admin.
func openDesk(ctx context.Context, cfg *Config) (*desk, error) {
	if cfg.Admin == nil {
		return nil, nil
	}
	d := &desk{cfg: cfg, server: &admin.Server{Allowed: cfg.Admin.allows, AnyName: len(cfg.Admin.Allow) > 0}}
	for _, addr := range cfg.Admin.Addrs {
		if err := d.listen(ctx, addr); err != nil {
			closeListeners(d.server.Listeners)
			return nil, err
		}
	}
	return d, nil
}

// listen opens the listeners of one address.
func (d *desk) listen(ctx context.Context, a socket.Addr) error {
	if len(d.cfg.Admin.Allow) == 0 && !local(a) {
		err := exit.Errorf(exit.Usage, "admin address %q: is neither loopback nor a unix socket's file", a)
		return exit.Hint(err, "say who may ask with --admin-allow CIDR,…, or use a bare port, or unix:PATH")
	}
	listeners, names, err := listenNamed(ctx, "admin", a, socket.Options{Mode: 0o600}, d.cfg.heir)
	d.server.Listeners = append(d.server.Listeners, listeners...)
	d.cfg.heir.adminNames = append(d.cfg.heir.adminNames, names...)
	return err
}

// local tells whether an address is loopback's, or a unix socket.
func local(a socket.Addr) bool {
	if a.Loopback || a.Host == "localhost" || (a.Network == "unix" && !a.Abstract()) {
		return true
	}
	ip, err := netip.ParseAddr(a.Host)
	return err == nil && ip.IsLoopback()
}

// allows tells whether a client may ask.
func (a *Admin) allows(ip netip.Addr) bool {
	return ip.IsLoopback() || slices.ContainsFunc(a.Allow, func(c admit.CIDR) bool { return c.Contains(ip) })
}

// addrs is where the desk answers.
func (d *desk) addrs() []string { return textsOf(addrsOf(d.server.Listeners)) }

// open begins to answer about the model. A nil desk does nothing.
func (d *desk) open(m model) {
	if d == nil {
		return
	}
	d.model = m
	d.server.Pages = map[string]admin.Page{
		"/":            admin.Live,
		"/metrics":     d.metrics,
		"/healthz":     d.health,
		"/readyz":      d.ready,
		"/connections": d.connections,
	}
	d.server.Start()
}

// close ends the desk and waits for it.
func (d *desk) close() {
	if d != nil {
		d.server.Close()
	}
}

func busy() admin.Reply { return admin.Plain(503, "the server does not answer") }

func (d *desk) metrics() admin.Reply {
	var page []byte
	if !d.model.ask(func() {
		g := d.model.gauges()
		page = d.model.counted().page(&g, d.cfg.Log.Dropped())
	}) {
		return busy()
	}
	return admin.Reply{Status: 200, Type: metrics.ContentType, Body: page}
}

// health is whether the server lives.
func (d *desk) health() admin.Reply {
	if !d.model.ask(func() {}) {
		return busy()
	}
	return admin.Plain(200, "ok")
}

// ready is whether a new connection would be served.
func (d *desk) ready() admin.Reply {
	var g gauges
	if !d.model.ask(func() { g = d.model.gauges() }) {
		return busy()
	}
	if !g.isReady() {
		return admin.Plain(503, g.state)
	}
	return admin.Plain(200, "ready")
}

// AdminSchema names the JSON form of /connections.
const AdminSchema = "nettool.admin/1"

// overview is the page /connections.
type overview struct {
	Schema      string            `json:"schema"`
	State       string            `json:"state"`
	PID         int               `json:"pid"`
	Handler     string            `json:"handler"`
	Model       string            `json:"model"`
	Listening   []string          `json:"listening"`
	UptimeUS    int64             `json:"uptime_us"`
	Open        int               `json:"open"`
	Limit       int               `json:"limit"`
	Admitted    uint64            `json:"admitted"`
	BytesIn     int64             `json:"bytes_in"`  // of connections that have ended
	BytesOut    int64             `json:"bytes_out"` // of connections that have ended
	Closed      map[string]uint64 `json:"closed"`
	Rejected    map[string]uint64 `json:"rejected"`
	Children    map[string]int    `json:"children"`
	Connections []connection      `json:"connections"`
}

// connection is one of /connections. The keys are those of the log.
type connection struct {
	ID       uint64  `json:"id"`
	Remote   string  `json:"remote"`
	Local    string  `json:"local"`
	Handler  string  `json:"handler"`
	PID      int     `json:"pid"`
	AgeUS    int64   `json:"age_us"`
	BytesIn  *int64  `json:"bytes_in"`
	BytesOut *int64  `json:"bytes_out"`
	RTTUS    int64   `json:"rtt_us,omitempty"`
	Retrans  *uint32 `json:"retrans,omitempty"`
}

// connections is the page of that name. It is made once for all who ask at the
// same time.
func (d *desk) connections() admin.Reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	if began := time.Now(); d.list == nil || began.After(d.fresh) {
		var o overview
		var all []live
		if !d.model.ask(func() { o, all = d.overview(), d.model.table() }) {
			return busy()
		}
		o.Connections = d.described(all)
		d.list, _ = json.Marshal(&o)
		d.fresh = time.Now().Add(share * time.Since(began))
	}
	return admin.Reply{Status: 200, Type: "application/json", Body: d.list}
}

// overview is the page without its connections.
func (d *desk) overview() overview {
	g, c := d.model.gauges(), d.model.counted()
	o := overview{
		Schema: AdminSchema, State: g.state, PID: os.Getpid(), Handler: d.cfg.handlerName(), Model: d.cfg.model(),
		Listening: d.model.listening(), UptimeUS: time.Since(c.since).Microseconds(),
		Open: g.open, Limit: g.limit, Admitted: c.admitted, BytesIn: c.bytesIn, BytesOut: c.bytesOut,
		Closed: map[string]uint64{}, Rejected: map[string]uint64{},
		Children: map[string]int{"idle": g.idle, "busy": g.busy, "starting": g.starting},
	}
	for reason, n := range c.closed {
		o.Closed[handoff.Reason(reason).String()] = n
	}
	for _, cause := range causes() {
		o.Rejected[string(cause)] = c.rejected[cause]
	}
	return o
}

// described asks the kernel for what is missing, outside of the event loop.
func (d *desk) described(all []live) []connection {
	findRTT(all)
	list := make([]connection, len(all))
	for i := range all {
		l := &all[i]
		list[i] = connection{
			ID: l.id, Remote: report.Escape(l.remote), Local: report.Escape(l.local), Handler: d.cfg.handlerName(),
			PID: l.pid, AgeUS: l.age.Microseconds(), RTTUS: l.rtt.Microseconds(),
		}
		if l.counted {
			list[i].BytesIn, list[i].BytesOut = &l.bytesIn, &l.bytesOut
		}
		if l.rtt > 0 {
			list[i].Retrans = &l.retrans
		}
	}
	return list
}

// textsOf are addresses as nettool writes them.
func textsOf(addrs []net.Addr) []string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = AddrText(a)
	}
	return texts
}

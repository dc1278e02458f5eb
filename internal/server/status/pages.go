// Package status tells how the server is doing: what it has counted, the
// connections as they are, and the pages of --admin.
package status

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"nettool/internal/admin"
	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/metrics"
	"nettool/internal/report"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
)

// Source is what the pages are about.
type Source interface {
	// Ask runs fn where the source may be read, and reports whether it came to
	// that within a moment.
	Ask(fn func()) bool
	// The others are called by such a func only.
	Gauges() run.Gauges
	Counts() *Counts
	History() *History
	Table() []run.Live
	Listening() []string
	Older() (o upgrade.Older, lives bool)
}

// About is what does not change.
type About struct {
	Handler, Model string // as the log names them
	Log            *report.Log
}

// Pages is the server of --admin with what its pages show. A nil one does
// nothing.
type Pages struct {
	About
	sockets
	source Source

	mu    sync.Mutex
	list  []byte    // the page of connections
	fresh time.Time // until then it is given out again
}

// Patience is how long a page waits for its source.
const Patience = 2 * time.Second

// Admin is where --admin answers, and whom.
type Admin struct {
	Addrs []socket.Addr
	Allow []admit.CIDR // besides loopback
}

// Open opens the admin listeners; it returns nil when a is.
func (a *Admin) Open(ctx context.Context, about About, up *upgrade.Upgrader) (*Pages, error) {
	if a == nil {
		return nil, nil
	}
	for _, addr := range a.Addrs {
		if err := a.check(addr); err != nil {
			return nil, err
		}
	}
	p := &Pages{About: about}
	var err error
	p.sockets, err = open(ctx, "admin", a.Addrs, &admin.Server{Allowed: a.allows, AnyName: len(a.Allow) > 0}, up)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// check refuses an address that others than this machine's users can reach,
// unless it was said who may ask.
func (a *Admin) check(addr socket.Addr) error {
	if len(a.Allow) > 0 || local(addr) {
		return nil
	}
	err := exit.Errorf(exit.Usage, "admin address %q: is neither loopback nor a unix socket's file", addr)
	return exit.Hint(err, "say who may ask with --admin-allow CIDR,…, or use a bare port, or unix:PATH")
}

// local reports whether an address is loopback's, or a unix socket's file.
func local(a socket.Addr) bool {
	if a.Loopback || a.Host == "localhost" || (a.Network == "unix" && !a.Abstract()) {
		return true
	}
	ip, err := netip.ParseAddr(a.Host)
	return err == nil && ip.IsLoopback()
}

// allows reports whether a client may ask.
func (a *Admin) allows(ip netip.Addr) bool {
	return ip.IsLoopback() || slices.ContainsFunc(a.Allow, func(c admit.CIDR) bool { return c.Contains(ip) })
}

// Addrs is where the pages are.
func (p *Pages) Addrs() []string {
	if p == nil {
		return nil
	}
	return p.addrs()
}

// Start begins to answer about the source.
func (p *Pages) Start(source Source) {
	if p == nil {
		return
	}
	p.source = source
	p.server.Pages = map[string]admin.Page{
		"/":            admin.Live,
		"/metrics":     p.metrics,
		"/healthz":     p.health,
		"/readyz":      p.ready,
		"/connections": p.connections,
	}
	p.server.Start()
}

// Close closes the listeners, and waits for the answers that are under way.
func (p *Pages) Close() {
	if p != nil {
		p.close()
	}
}

// HandOver adds copies of the listeners to files, by name.
func (p *Pages) HandOver(files upgrade.Files) error {
	if p == nil {
		return nil
	}
	return p.handOver(files)
}

// Leave leaves the listeners, with their files, to a successor.
func (p *Pages) Leave() {
	if p == nil {
		return
	}
	p.leave()
}

func busy() admin.Reply { return admin.Plain(503, "the server does not answer") }

func (p *Pages) metrics() admin.Reply {
	var page []byte
	if !p.source.Ask(func() {
		g := p.source.Gauges()
		older, lives := p.source.Older()
		page = p.source.Counts().page(&g, p.Log.Dropped(), older, lives)
	}) {
		return busy()
	}
	return admin.Reply{Status: 200, Type: metrics.ContentType, Body: page}
}

// health is whether the server lives.
func (p *Pages) health() admin.Reply {
	if !p.source.Ask(func() {}) {
		return busy()
	}
	return admin.Plain(200, "ok")
}

// ready is whether a new connection would be served.
func (p *Pages) ready() admin.Reply {
	var g run.Gauges
	if !p.source.Ask(func() { g = p.source.Gauges() }) {
		return busy()
	}
	if !isReady(&g) {
		return admin.Plain(503, g.State)
	}
	return admin.Plain(200, "ready")
}

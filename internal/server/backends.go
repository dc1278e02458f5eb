package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nettool/internal/admit"
	"nettool/internal/balance"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/run"
	"nettool/internal/socket"
)

// Forward says where connections are forwarded to. The zero value is nowhere.
type Forward struct {
	To      []socket.Addr
	Balance balance.Policy
	Timeout time.Duration // for reaching one backend; zero is no limit
	Proxy   int           // version of the PROXY header that backends get first; zero is none
	Source  netip.Addr    // to connect from, when it is valid
	CA      []byte        // PEM, whom to trust as a backend behind TLS; empty is the system's authorities
}

// The bounds of what is known about backends: a connection's routes fit into a
// message.
const (
	MostBackends = 64
	mostAddrs    = 16
)

// How long a name may take to be looked up, and how long it is not looked up again
// after a failure of its backend.
const (
	lookupTime  = 10 * time.Second
	lookupAgain = 5 * time.Second
)

// backends are where connections go, and which of them can be expected to answer.
// They belong to the loop; names are looked up in a goroutine. nil is none.
type backends struct {
	cfg    Forward
	table  *balance.Table
	routes []handoff.Route // by backend
	asked  []time.Time     // when each was looked up
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// newBackends looks up the backends' names. It is an error if there is no address at
// all; what else is missing is said.
func (s *Server) newBackends() (*backends, error) {
	cfg := s.cfg.Forward
	if len(cfg.To) == 0 {
		return nil, nil
	}
	b := &backends{cfg: cfg, table: balance.New(cfg.Balance, len(cfg.To)), routes: make([]handoff.Route, len(cfg.To)), asked: make([]time.Time, len(cfg.To))}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	known := false
	var first error
	for i := range b.cfg.To {
		err := b.find(i)
		if err != nil && exit.Of(err) == exit.Usage {
			return nil, fmt.Errorf("--to: %w", err)
		}
		known = known || err == nil
		if first == nil {
			first = err
		}
	}
	if !known {
		return nil, fmt.Errorf("--to: %w", first)
	}
	for i := range b.routes {
		if why := b.routes[i].Why; why != "" {
			s.cfg.Log.Error("backend", errors.New(why))
		}
	}
	return b, nil
}

// find puts down where a backend is, at the start.
func (b *backends) find(i int) (err error) {
	if b.cfg.To[i], err = b.cfg.To[i].WithNumber(b.ctx); err != nil {
		return err
	}
	b.routes[i], err = b.cfg.lookUp(b.ctx, i)
	b.asked[i] = time.Now()
	return err
}

// lookUp is where a backend is now. It may be called by any goroutine.
func (f *Forward) lookUp(ctx context.Context, i int) (handoff.Route, error) {
	to := f.To[i]
	if to.Network == "unix" {
		return handoff.Route{Backend: i, Addrs: []string{to.String()}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	from := socket.Options{Source: netip.AddrPortFrom(f.Source, 0)}
	candidates, err := to.Resolve(ctx)
	if err == nil {
		if candidates = from.Reachable(candidates); len(candidates) == 0 {
			err = exit.Errorf(exit.Usage, "source %s: %q has no address of that family", f.Source, to)
		}
	}
	if err != nil {
		return handoff.Route{Backend: i, Why: err.Error()}, err
	}
	r := handoff.Route{Backend: i}
	for _, at := range candidates[:min(len(candidates), mostAddrs)] {
		r.Addrs = append(r.Addrs, numbered(at).String())
	}
	return r, nil
}

// numbered is an address with its zone as a number: who connects from a sandbox
// cannot look it up.
func numbered(at netip.AddrPort) netip.AddrPort {
	zone := at.Addr().Zone()
	if zone == "" {
		return at
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		zone = strconv.Itoa(i.Index)
	}
	return netip.AddrPortFrom(at.Addr().WithZone(zone), at.Port())
}

// told is what children are told about the backends.
func (b *backends) told(o *socket.Options) handoff.Forward {
	if b == nil {
		return handoff.Forward{}
	}
	f := handoff.Forward{
		Timeout: b.cfg.Timeout, Proxy: b.cfg.Proxy,
		KeepAlive: o.KeepAlive, DeadPeer: o.DeadPeer, NoDelay: o.NoDelay,
	}
	if b.cfg.Source.IsValid() {
		f.Source = b.cfg.Source.String()
	}
	for _, to := range b.cfg.To {
		f.To = append(f.To, to.String())
	}
	return f
}

// choose gives a connection its routes.
func (b *backends) choose(c *run.Conn) {
	if b == nil {
		return
	}
	for _, backend := range b.table.Order(time.Now()) {
		if b.cfg.To[backend].Datagram() == c.Datagrams {
			c.Routes = append(c.Routes, b.routes[backend])
		}
	}
	c.Backend = c.Routes[0].Backend
	b.table.Begin(c.Backend)
}

// text is the backend of a connection, as it was given, or empty.
func (b *backends) text(c *run.Conn) string {
	if b == nil {
		return ""
	}
	return b.cfg.To[c.Backend].String()
}

// leave notes the end of a connection.
func (b *backends) leave(c *run.Conn) {
	if b != nil {
		b.table.End(c.Backend)
	}
}

// Routed notes that a connection has gone to another backend than the first of its
// routes: those before it have failed. A child says so, which may be wrong.
func (s *Server) Routed(c *run.Conn, backend int) {
	at := slices.IndexFunc(c.Routes, func(r handoff.Route) bool { return r.Backend == backend })
	if at <= 0 || s.conns[c.ID] != c {
		return
	}
	s.failed(c.Routes[:at])
	b := s.backends
	b.table.Reach(backend)
	b.table.End(c.Backend)
	c.Backend = backend
	b.table.Begin(backend)
}

// failed notes that backends could not be reached, which may be somewhere else by
// now.
func (s *Server) failed(routes []handoff.Route) {
	now := time.Now()
	var stale []int
	for i := range routes {
		n := routes[i].Backend
		s.backends.table.Fail(n, now)
		if now.Sub(s.backends.asked[n]) >= lookupAgain {
			stale = append(stale, n)
		}
	}
	s.lookAgain(stale, false)
}

// reloadBackends looks up the backends' names now.
func (s *Server) reloadBackends() {
	if s.backends == nil {
		return
	}
	all := make([]int, len(s.backends.routes))
	for i := range all {
		all[i] = i
	}
	s.lookAgain(all, true)
}

// lookAgain looks up names in a goroutine. What cannot be found stays as it was.
func (s *Server) lookAgain(which []int, asked bool) {
	if len(which) == 0 {
		return
	}
	b := s.backends
	for _, i := range which {
		b.asked[i] = time.Now()
	}
	b.work.Go(func() {
		found := make(map[int]handoff.Route, len(which))
		var failures []error
		for _, i := range which {
			r, err := b.cfg.lookUp(b.ctx, i)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			found[i] = r
		}
		s.loop.Post(func() { s.moved(found, failures, asked) })
	})
}

// moved puts down where backends are now. What has been asked for is said, and what
// has changed.
func (s *Server) moved(found map[int]handoff.Route, failures []error, asked bool) {
	changed := false
	for i, r := range found {
		changed = changed || !slices.Equal(r.Addrs, s.backends.routes[i].Addrs)
		s.backends.routes[i] = r
	}
	if asked {
		for _, err := range failures {
			s.cfg.Log.Error("reload backends", err)
		}
	}
	if changed || asked && len(found) > 0 {
		s.cfg.Log.Event("reload", slog.String("backends", s.backends.String()))
	}
}

// String is all addresses.
func (b *backends) String() string {
	var all []string
	for i := range b.routes {
		all = append(all, b.routes[i].Addrs...)
	}
	return strings.Join(all, ",")
}

// close ends what is being looked up.
func (b *backends) close() {
	if b != nil {
		b.cancel()
		b.work.Wait()
	}
}

// unreached turns a connection away for which there is no backend, and reports
// whether that is how it has ended.
func (s *Server) unreached(c *run.Conn, e *run.Ending) bool {
	if e.Reason != handoff.Unreached {
		return false
	}
	if s.backends == nil { // a child says so, and has nowhere to go
		e.Reason = handoff.Error
		return false
	}
	s.failed(c.Routes)
	s.rejected(c.Socket, admit.Backend, slog.Uint64("id", c.ID), slog.Int("pid", c.PID), slog.String("error", e.Err))
	return true
}

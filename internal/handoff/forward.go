package handoff

import "time"

// Forward is what children that forward connections are told once. The zero value
// is for those that do not.
type Forward struct {
	To      []string      // the backends, as socket.Addr has them, with their ports in digits
	Timeout time.Duration // for reaching one of them; zero is no limit
	Source  string        // IP address to connect from, or empty
	Proxy   int           // version of the PROXY header that goes first; zero is none

	// As in socket.Options, of connections to backends.
	KeepAlive time.Duration
	DeadPeer  time.Duration
	NoDelay   int
}

// Route leads a connection to one backend.
type Route struct {
	Backend int      // its number in Forward
	Addrs   []string // IP:PORT, in the order in which to try them; of a unix socket its path
	Why     string   // there are no addresses, or empty
}

// Routed tells that a connection has reached a backend which was not the first of
// its routes.
type Routed struct {
	ID      uint64
	Backend int // number in Forward
}

// Side says at which side of a forwarded connection something happened.
type Side uint32

// The sides: Neither is a timer, or what the server did.
const (
	Neither Side = iota
	Client
	Backend
)

// String is the side's name in logs, and empty for Neither.
func (s Side) String() string {
	switch s {
	case Client:
		return "client"
	case Backend:
		return "backend"
	}
	return ""
}

// Reached is one address of the routes of a connection, as a child names it; zero
// is none.
type Reached uint32

// mostAddrs is how many addresses a Route can have.
const mostAddrs = 1 << 8

// ReachedAt names an address by its route's and its own index.
func ReachedAt(route, addr int) Reached { return Reached(1 + route*mostAddrs + addr) }

// In finds it among the routes that the child was given: what is not there is
// none.
func (r Reached) In(routes []Route) (backend int, addr string, ok bool) {
	if r == 0 {
		return 0, "", false
	}
	route, n := uint(r-1)/mostAddrs, uint(r-1)%mostAddrs
	if route >= uint(len(routes)) || n >= uint(len(routes[route].Addrs)) {
		return 0, "", false
	}
	return routes[route].Backend, routes[route].Addrs[n], true
}

func (*Routed) kind() Kind { return KindRouted }

func (m *Routed) write(w *writer) {
	w.number(m.ID)
	w.number(uint64(m.Backend))
}

func (m *Routed) read(r *reader) {
	m.ID = r.number()
	m.Backend = int(r.number())
}

func (f *Forward) write(w *writer) {
	w.list(f.To)
	w.number(uint64(f.Timeout))
	w.text(f.Source)
	w.number(uint64(f.Proxy))
	w.number(uint64(f.KeepAlive))
	w.number(uint64(f.DeadPeer))
	w.number(uint64(f.NoDelay))
}

func (f *Forward) read(r *reader) {
	f.To = r.list()
	f.Timeout = time.Duration(r.number())
	f.Source = r.text()
	f.Proxy = int(r.number())
	f.KeepAlive = time.Duration(r.number())
	f.DeadPeer = time.Duration(r.number())
	f.NoDelay = int(r.number())
}

func writeRoutes(w *writer, routes []Route) {
	w.number(uint64(len(routes)))
	for i := range routes {
		w.number(uint64(routes[i].Backend))
		w.list(routes[i].Addrs)
		w.text(routes[i].Why)
	}
}

func readRoutes(r *reader) (routes []Route) {
	n := r.number()
	if n > uint64(len(r.b)) { // each takes a byte at least
		r.bad, r.b = true, nil
		return nil
	}
	for range n {
		route := Route{Backend: int(r.number())}
		route.Addrs = r.list()
		route.Why = r.text()
		if r.bad {
			return nil
		}
		routes = append(routes, route)
	}
	return routes
}

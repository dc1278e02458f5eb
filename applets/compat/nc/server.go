package nc

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"nettool/internal/socket"
)

// serve takes a connection, or with -k one after the other, and relays it.
func (r *run) serve() int {
	if r.udp {
		return r.servePackets()
	}
	l, err := r.bind()
	if err != nil {
		r.say("%v", err)
		return failure
	}
	defer l.Close()
	for {
		conn, err := l.Accept()
		if err != nil {
			r.say("accept: %s", reason(err))
			return failure
		}
		if !r.keep {
			l.Close() // whoever comes now is refused, and does not wait for nothing
		}
		r.received(conn.RemoteAddr())
		code := r.converse(conn)
		if !r.keep {
			return code
		}
	}
}

// bind opens the listener, and says where it is.
func (r *run) bind() (net.Listener, error) {
	if r.unix {
		return r.bindPath()
	}
	all, err := r.listenAt()
	if err != nil {
		return nil, err
	}
	options, err := r.options(netip.Addr{})
	if err != nil {
		return nil, err
	}
	for _, at := range all {
		var ls []net.Listener
		if ls, err = socket.Listen(context.Background(), at, options); err == nil {
			host, port := r.nameOf(ls[0].Addr())
			r.tell("Listening on %s %s", host, port)
			return ls[0], nil
		}
	}
	return nil, failed(err)
}

// listenAt are the addresses to try to listen at: the wildcard, or the host's.
func (r *run) listenAt() ([]socket.Addr, error) {
	port, err := r.port(r.ports[0])
	if err != nil {
		return nil, err
	}
	text := strconv.Itoa(int(port))
	if r.hosts == 0 {
		family := "4"
		if r.family == '6' {
			family = "6"
		}
		return []socket.Addr{{Network: r.transport() + family, Port: text}}, nil
	}
	lookup := r.resolve
	if r.sourced {
		lookup = r.lookup
	}
	all, err := lookup(r.network(), r.host, text)
	if err != nil {
		return nil, gaiError("", r.host, err)
	}
	addrs := make([]socket.Addr, len(all))
	for i, at := range all {
		addrs[i] = socket.Addr{Network: r.transport(), Host: at.Addr().String(), Port: text}
	}
	return addrs, nil
}

// received says who has connected.
func (r *run) received(peer net.Addr) {
	if !r.verbose {
		return
	}
	if r.unix {
		r.tell("Connection received on %s", r.host)
		return
	}
	host, port := r.nameOf(peer)
	r.tell("Connection received on %s %s", host, port)
}

// nameOf is an address in words: the name of its host, unless -n or there is none, and its
// port.
func (r *run) nameOf(a net.Addr) (host, port string) {
	if !r.verbose {
		return "", ""
	}
	host, port, _ = net.SplitHostPort(a.String())
	ip, err := netip.ParseAddr(host)
	if r.numeric || err != nil || ip.IsUnspecified() {
		return host, port
	}
	names, err := net.LookupAddr(ip.WithZone("").String())
	if err != nil || len(names) == 0 {
		return host, port
	}
	return trimDot(names[0]), port
}

func trimDot(name string) string {
	if n := len(name); n > 1 && name[n-1] == '.' {
		return name[:n-1]
	}
	return name
}

package nc

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
	"nettool/internal/services"
	"nettool/internal/socket"
)

// connect talks to each of the ports in turn, or asks whether they are open. It is a
// success if there is one that is, and if no conversation broke.
func (r *run) connect() int {
	if r.unix {
		return r.connectPath()
	}
	if r.zero && len(r.ports) > 1 && r.proxyAt == "" && r.sourcePort == "" && r.interval == 0 {
		return r.scan()
	}
	connected, broken := false, false
	for i, port := range r.ports {
		if i > 0 && r.interval > 0 {
			clock.Sleep(context.Background(), r.interval)
		}
		conn, ok, err := r.reach(port)
		if err != nil {
			r.say("%v", err)
			return failure
		}
		if !ok {
			continue
		}
		connected = true
		broken = r.use(conn) != 0 || broken
	}
	if !connected || broken {
		return failure
	}
	return 0
}

// use does with a connection what it was made for, and closes it.
func (r *run) use(conn net.Conn) (code int) {
	if !r.zero {
		return r.converse(conn)
	}
	if conn != nil {
		conn.Close()
	}
	return 0
}

// reach connects to a port of the host, and says so. ok is false if that cannot be; of a
// question there is no conn. The error is one that ends nc.
func (r *run) reach(port string) (conn net.Conn, ok bool, err error) {
	if r.proxyAt != "" {
		return r.throughProxy(port)
	}
	conn, at, ok, err := r.first(r.host, port)
	if ok {
		r.tell("Connection to %s %d port [%s/%s] succeeded!", hostAt(r.host, at), at.Port(), r.transport(), r.service(at.Port()))
	}
	return conn, ok, err
}

// first connects at the first of a host's addresses that takes it.
func (r *run) first(host, port string) (conn net.Conn, at netip.AddrPort, ok bool, err error) {
	all, err := r.resolve(r.network(), host, port)
	if err != nil {
		return nil, at, false, gaiError(` for host "`+host+`" port `+port, host, err)
	}
	for _, at := range all {
		conn, err := r.attempt(at)
		if err == nil {
			return conn, at, true, nil
		}
		if fatal := fatal(err); fatal != nil {
			return nil, at, false, fatal
		}
		r.failed(hostAt(host, at), at.Port(), err)
	}
	return nil, at, false, nil
}

// failed says, with -v, why an address could not be connected to. It is silent about UDP
// ports that are closed.
func (r *run) failed(host string, port uint16, err error) {
	_, system := errors.AsType[syscall.Errno](err)
	switch {
	case !r.verbose || r.zero && r.udp:
	case system:
		r.say("connect to %s port %d (%s) failed: %s", host, port, r.transport(), reason(err))
	default: // -w
		r.say("connect to %s port %d (%s) timed out: %s", host, port, r.transport(), reason(syscall.EINPROGRESS))
	}
}

// attempt connects; a UDP port that is only asked about is sent a question.
func (r *run) attempt(at netip.AddrPort) (net.Conn, error) {
	if r.zero && r.udp {
		return nil, r.ask(at)
	}
	return r.dial(at)
}

// patience is for how long a UDP port is asked about without -w.
const patience = time.Second

// ask sends a datagram to a port that somebody may read there. Silence is no error: nothing
// else comes from most ports that are open.
func (r *run) ask(at netip.AddrPort) error {
	options, err := r.options(at.Addr())
	if err != nil {
		return err
	}
	spec := attempt.Spec{Timeout: patience, From: options}
	if r.timeout >= 0 {
		spec.Timeout = max(r.timeout, shortest)
	}
	to := socket.Addr{Network: "udp", Host: at.Addr().String(), Port: strconv.Itoa(int(at.Port()))}
	result := spec.Try(context.Background(), to, []netip.AddrPort{at})
	switch result.Outcome {
	case attempt.Refused, attempt.Unreachable:
		return syscall.ECONNREFUSED
	case attempt.LocalError:
		return errors.New(result.Detail)
	}
	return nil
}

// dial makes one attempt, within -w.
func (r *run) dial(at netip.AddrPort) (net.Conn, error) {
	options, err := r.options(at.Addr())
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	if r.timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(r.timeout, shortest))
		defer cancel()
	}
	conn, err := socket.DialOne(ctx, r.transport(), at.String(), options)
	if err == nil && r.zero && len(r.ports) > 1 && toItself(conn) {
		conn.Close()
		return socket.DialOne(ctx, r.transport(), at.String(), options)
	}
	return conn, err
}

// network is the net package's name for the transport and family that are asked for.
func (r *run) network() string {
	switch r.family {
	case '4':
		return r.transport() + "4"
	case '6':
		return r.transport() + "6"
	}
	return r.transport()
}

// resolve returns the addresses of a host; with -n it must be one itself.
func (r *run) resolve(network, host, port string) ([]netip.AddrPort, error) {
	if _, err := netip.ParseAddr(host); r.numeric && err != nil {
		return nil, &net.DNSError{Name: host, IsNotFound: true}
	}
	return r.lookup(network, host, port)
}

// lookup is resolve where -n does not count.
func (r *run) lookup(network, host, port string) ([]netip.AddrPort, error) {
	if host == "" {
		return nil, &net.DNSError{IsNotFound: true}
	}
	return socket.Addr{Network: network, Host: host, Port: port}.Resolve(context.Background())
}

// hostAt is a host as it was given, and its address if that is another.
func hostAt(host string, at netip.AddrPort) string {
	if ip := at.Addr().String(); ip != host {
		return host + " (" + ip + ")"
	}
	return host
}

// service is the name of a port, or "*".
func (r *run) service(port uint16) string {
	if !r.numeric {
		if name, ok := services.System().Name(port, r.transport()); ok {
			return name
		}
	}
	return "*"
}

package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"nettool/internal/clock"
	"nettool/internal/exit"
)

// Dial connects to a stream or datagram address, racing the candidates of a
// name (RFC 8305). ctx bounds everything, the lookup of the name included. The
// connection is a bare *net.TCPConn, *net.UnixConn or *net.UDPConn and the
// caller's; TLS is the caller's too. Attempts that fail make a *DialError inside an
// *exit.Error.
func Dial(ctx context.Context, a Addr, o Options) (net.Conn, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	switch {
	case a.isTCP() || a.isUDP():
		return dialHost(ctx, a, o)
	case isUnixNetwork(a.Network):
		return a.race(ctx, make([]netip.AddrPort, 1), o)
	default:
		return nil, exit.Errorf(exit.Usage, "address %q: is for serve, nothing can connect to it", a)
	}
}

func dialHost(ctx context.Context, a Addr, o Options) (net.Conn, error) {
	candidates, err := a.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	if candidates = o.Reachable(candidates); len(candidates) == 0 {
		return nil, exit.Errorf(exit.Usage, "source %s: %q has no address of that family", o.Source.Addr(), a)
	}
	return a.race(ctx, candidates, o)
}

// race connects to one of the candidates. For a unix address, candidates is a single
// invalid AddrPort.
func (a Addr) race(ctx context.Context, candidates []netip.AddrPort, o Options) (net.Conn, error) {
	conn, _, err := DialTo(ctx, a, candidates, o)
	return conn, err
}

// DialTo is Dial for an address whose candidates are known already; for a unix
// address that is a single invalid AddrPort. at is the one that was reached.
func DialTo(ctx context.Context, a Addr, candidates []netip.AddrPort, o Options) (conn net.Conn, at netip.AddrPort, err error) {
	return raceTo(ctx, a, candidates, func(ctx context.Context, at netip.AddrPort) (net.Conn, error) {
		return DialOne(ctx, a.Network, a.textOf(at), o)
	}, func(c net.Conn) { _ = c.Close() })
}

// raceTo is Race with an error that tells of all attempts.
func raceTo[T any](ctx context.Context, a Addr, candidates []netip.AddrPort, dial func(context.Context, netip.AddrPort) (T, error), drop func(T)) (conn T, at netip.AddrPort, err error) {
	tries, winner := Race(ctx, candidates, dial, drop)
	if winner >= 0 {
		return tries[winner].Conn, tries[winner].At, nil
	}
	failed := &DialError{Target: a.String(), Attempts: make([]Attempt, len(tries))}
	for i, t := range tries {
		failed.Attempts[i] = Attempt{a.textOf(t.At), t.Err, t.Elapsed}
	}
	return conn, at, exit.With(failed.code(), failed)
}

// textOf returns a candidate in the form that the net package takes.
func (a Addr) textOf(at netip.AddrPort) string {
	if at.IsValid() {
		return at.String()
	}
	return a.Path
}

// Reachable returns the candidates of the sources' families, or all of them if no
// source is given.
func (o Options) Reachable(candidates []netip.AddrPort) []netip.AddrPort {
	if !o.Source.Addr().IsValid() {
		return candidates
	}
	var fit []netip.AddrPort
	for _, c := range candidates {
		if _, ok := o.sourceFor(c.Addr()); ok {
			fit = append(fit, c)
		}
	}
	return fit
}

// sourceFor is the local address for a peer, zero if the kernel chooses. ok is false
// if there is none of its family.
func (o Options) sourceFor(peer netip.Addr) (source netip.AddrPort, ok bool) {
	if !o.Source.Addr().IsValid() {
		return o.Source, true
	}
	for _, s := range []netip.AddrPort{o.Source, o.Source6} {
		if s.IsValid() && s.Addr().Unmap().Is4() == peer.Unmap().Is4() {
			return s, true
		}
	}
	return netip.AddrPort{}, false
}

// DialOne makes one attempt at one candidate: addr is IP:PORT or a unix path.
// The error is the net package's own. The connection is the caller's.
func DialOne(ctx context.Context, network, addr string, o Options) (net.Conn, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if at, err := netip.ParseAddrPort(addr); err == nil && o.toMany(network, at.Addr()) {
		return o.dialGroup(ctx, network, addr)
	}
	d := net.Dialer{KeepAlive: -1, FallbackDelay: -1, Control: o.control(false)}
	d.SetMultipathTCP(false)
	d.LocalAddr = o.localAddr(network, addr)
	conn, err := d.DialContext(ctx, network, addr)
	for delay := time.Millisecond; isBusy(network, err) && o.SourcePath == "" && clock.Sleep(ctx, delay); delay = min(2*delay, 50*time.Millisecond) {
		conn, err = d.DialContext(ctx, network, addr)
	}
	if err != nil {
		o.unbind(network, err)
		return nil, err
	}
	o.settle(conn)
	return conn, nil
}

// localAddr is what to bind to before connecting to addr, nil for nothing.
func (o Options) localAddr(network, addr string) net.Addr {
	if isUnixNetwork(network) {
		if o.SourcePath == "" {
			return nil
		}
		return &net.UnixAddr{Net: network, Name: o.SourcePath}
	}
	peer, _ := netip.ParseAddrPort(addr)
	source, _ := o.sourceFor(peer.Addr())
	switch {
	case source == netip.AddrPort{}:
		return nil
	case isTCPNetwork(network):
		return &net.TCPAddr{IP: source.Addr().Unmap().AsSlice(), Port: int(source.Port()), Zone: source.Addr().Zone()}
	default:
		return &net.UDPAddr{IP: source.Addr().Unmap().AsSlice(), Port: int(source.Port()), Zone: source.Addr().Zone()}
	}
}

// unbind removes the file of SourcePath when err, the failure of dialling, came after
// it was made.
func (o Options) unbind(network string, err error) {
	call, ok := errors.AsType[*os.SyscallError](err)
	if isUnixNetwork(network) && o.SourcePath != "" && o.SourcePath[0] != '@' && ok && call.Syscall == "connect" {
		os.Remove(o.SourcePath)
	}
}

// isBusy reports whether a unix listener's backlog is full: a blocking connect(2)
// would wait, ours fails with EAGAIN.
func isBusy(network string, err error) bool {
	return isUnixNetwork(network) && errors.Is(err, syscall.EAGAIN)
}

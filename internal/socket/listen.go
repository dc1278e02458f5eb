package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"nettool/internal/exit"
)

// port0Tries bounds how often a port that the kernel chose for one family may
// turn out to be taken in the other.
const port0Tries = 64

// Listen opens the listeners of one address: one, or several where the address
// stands for several (a bare PORT, a name with more than one IP), with the same
// port number for all. The options are set on the listener and accepted sockets
// inherit them, at no cost per connection; MPTCP is off because nothing is
// inherited there. A unix listener removes its socket file when it is closed,
// if the file is still its own.
//
// Errors are *exit.Error: exit.Unreachable where the system refuses, exit.Usage
// for what cannot be listened on, exit.NoName. The listeners are the caller's.
func Listen(ctx context.Context, a Addr, o Options) ([]net.Listener, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	switch {
	case a.isTCP():
		return listenTCP(ctx, a, o)
	case a.Network == "unix":
		l, err := listenUnix(ctx, a, o)
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	case a.Network == "fd" || a.Network == "systemd":
		return listenInherited(a, o)
	default:
		return nil, exit.Errorf(exit.Usage, "address %q: needs a stream, TCP or unix", a)
	}
}

func listenTCP(ctx context.Context, a Addr, o Options) ([]net.Listener, error) {
	return openAll(ctx, a, func(t target) (net.Listener, error) { return listenOne(ctx, t, o) }, net.Listener.Addr)
}

// target is one socket to open, of TCP or UDP. An ip that is not valid is every interface.
type target struct {
	network string
	ip      netip.Addr
	port    uint16
}

func (t target) String() string {
	if !t.ip.IsValid() {
		return fmt.Sprintf(":%d", t.port)
	}
	return netip.AddrPortFrom(t.ip, t.port).String()
}

func (a Addr) listenTargets(ctx context.Context) ([]target, error) {
	if a.Host == "" && !a.Loopback {
		port, err := a.lookupPort(ctx)
		return []target{{network: a.Network, port: port}}, err
	}
	candidates, err := a.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	targets := make([]target, len(candidates))
	for i, c := range candidates {
		targets[i] = target{network: a.Network[:3] + "6", ip: c.Addr(), port: c.Port()}
		if c.Addr().Is4() {
			targets[i].network = a.Network[:3] + "4"
		}
	}
	return targets, nil
}

// openAll opens the sockets of all the targets of an address or none, with one port that
// the kernel chooses when the address has none.
func openAll[S io.Closer](ctx context.Context, a Addr, open func(target) (S, error), addr func(S) net.Addr) ([]S, error) {
	targets, err := a.listenTargets(ctx)
	if err != nil {
		return nil, err
	}
	for range port0Tries {
		var all []S
		all, err = openOnce(targets, open, addr)
		if err == nil {
			return all, nil
		}
		if targets[0].port != 0 || !errors.Is(err, errAddrInUse) {
			break
		}
	}
	return nil, err
}

// openOnce tries once. Where there are several targets, addresses that this machine
// does not have are passed over.
func openOnce[S io.Closer](targets []target, open func(target) (S, error), addr func(S) net.Addr) ([]S, error) {
	var all []S
	var absent error
	var port uint16
	for _, t := range targets {
		if t.port == 0 {
			t.port = port
		}
		s, err := open(t)
		if err != nil && isAbsent(err) {
			absent = err
			continue
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, s)
		port = portOf(addr(s))
	}
	if len(all) == 0 {
		return nil, absent
	}
	return all, nil
}

func listenOne(ctx context.Context, t target, o Options) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1, Control: o.control(true)}
	config.SetMultipathTCP(false)
	l, err := config.Listen(ctx, t.network, t.String())
	if err != nil {
		return nil, listenError(t.String(), t.port, err)
	}
	if err := o.rebacklog(l); err != nil {
		_ = l.Close()
		return nil, listenError(t.String(), t.port, err)
	}
	return l, nil
}

// rebacklog gives a listener the backlog that was asked for; the net package
// has used somaxconn.
func (o Options) rebacklog(l net.Listener) error {
	conn, ok := l.(syscall.Conn)
	if o.Backlog == 0 || !ok {
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = listenAgain(fd, o.Backlog) }); err != nil {
		return err
	}
	return inner
}

func closeAll[S io.Closer](all []S) {
	for _, s := range all {
		_ = s.Close()
	}
}

func portOf(a net.Addr) uint16 {
	if a, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return a.AddrPort().Port()
	}
	return 0
}

// isAbsent reports whether this machine lacks the address, or its whole family.
func isAbsent(err error) bool {
	return errors.Is(err, errAddrNotAvail) || errors.Is(err, errNoFamily)
}

// listenError words a failure to listen, with advice where there is some.
func listenError(where string, port uint16, err error) error {
	if e, ok := errors.AsType[*exit.Error](err); ok {
		return e
	}
	worded := &exit.Error{Code: exit.Unreachable, Err: &reasonError{"listen " + where, err}}
	switch {
	case errors.Is(err, syscall.EACCES) && port > 0 && port < 1024:
		worded.Hint = fmt.Sprintf("ports below 1024 need CAP_NET_BIND_SERVICE; try %d", port+8000)
	case errors.Is(err, errAddrInUse) && port > 0:
		worded.Hint = fmt.Sprintf("another socket has the port; to see whose: ss -ltnp sport = :%d", port)
	}
	return worded
}

// reasonError is "what: reason" without the net package's wrapping.
type reasonError struct {
	what string
	err  error
}

func (e *reasonError) Error() string { return e.what + ": " + Reason(e.err) }
func (e *reasonError) Unwrap() error { return e.err }

package handler

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/sandbox"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// forwarding is the name of the handler that joins its connection to a backend.
const forwarding = "forward"

// Forward is what that handler is given, and what it tells.
type Forward struct {
	Config        *handoff.Forward
	Roots         *x509.CertPool  // whom to trust as a backend behind TLS; nil is the system's authorities
	Routes        []handoff.Route // to try in this order
	Local, Remote string          // of the connection, for the PROXY header

	// Routed is called when another backend was reached than that of the first route.
	Routed func(backend int)

	Side    handoff.Side    // where the end began
	Reached handoff.Reached // what was reached
}

// endless is how long a client that has said nothing and ended its side is waited
// for by who connects for it: it may only listen, and most likely it is gone.
const endless = time.Second

// errCut is the end of TLS without a word: somebody may have cut it off.
var errCut = errors.New("the backend has ended TLS without saying so")

// unreachedError says why no backend could be reached.
type unreachedError struct{ why []string }

// Error tells about each, in the order in which they were tried.
func (e *unreachedError) Error() string { return strings.Join(e.why, "; ") }

// forwardNeeds are the ports and the kinds of sockets that lead to the backends.
func forwardNeeds(f *handoff.Forward) (n sandbox.Needs) {
	for _, to := range f.To {
		a, err := socket.Parse(to)
		port, _ := strconv.ParseUint(a.Port, 10, 16)
		switch {
		case err != nil:
		case a.Abstract():
			n.Abstract = true
		case a.Network == "unix":
			n.Unix = true
		default:
			n.Connect = append(n.Connect, uint16(port))
		}
	}
	n.From = f.Source != ""
	return n
}

// Trust returns whom to trust as a backend behind TLS: the authorities in pem, or the
// system's if it is empty. It is nil when no backend is behind TLS.
func Trust(f *handoff.Forward, pem []byte) (*x509.CertPool, error) {
	for _, to := range f.To {
		if !strings.HasPrefix(to, "tls:") {
			continue
		}
		if len(pem) == 0 {
			return x509.SystemCertPool()
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("there is no PEM certificate")
		}
		return pool, nil
	}
	return nil, nil
}

// forward joins the connection to a backend, until both sides have ended.
func forward(s *Session) error {
	if done, err := forwardRaw(s); done {
		return err
	}
	client, t := streamOf(s.Conn)
	backend, err := s.Forward.reachStream(client, t)
	if err != nil {
		return err
	}
	defer backend.Close()
	return joinStreams(s, client, backend, t)
}

// streamOf is a connection of Go's poller without its timers, and the timers.
func streamOf(c Conn) (StreamConn, *timers) {
	if timed, ok := c.(*timedConn); ok {
		return timed.StreamConn, timed.timers
	}
	return c.(StreamConn), newTimers(handoff.Limits{}, time.Time{}, new(handoff.Activity))
}

// streamCloser is a connection of Go's poller that is ours.
type streamCloser interface {
	StreamConn
	Close() error
}

// dial connects to one backend, in the time of its own that it has.
type dial func(ctx context.Context, to socket.Addr, candidates []netip.AddrPort) (at netip.AddrPort, err error)

// reach tries one backend after the other. The end of ctx, whose cause is the error
// then, ends it, also when a backend has just been reached.
func (f *Forward) reach(ctx context.Context, try dial) error {
	failed := &unreachedError{}
	for i := range f.Routes {
		r := &f.Routes[i]
		at, err := f.reachOne(ctx, r, try)
		if ctx.Err() != nil {
			f.Side = sideOf(context.Cause(ctx), handoff.Client)
			return context.Cause(ctx)
		}
		if err == nil {
			f.Reached = handoff.ReachedAt(i, at)
			if i > 0 && f.Routed != nil {
				f.Routed(r.Backend)
			}
			return nil
		}
		failed.why = append(failed.why, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return failed
}

// sideOf is the side at which an error has happened: there, or, of a timer, at none
// but for a client that has said nothing.
func sideOf(err error, there handoff.Side) handoff.Side {
	e, ok := errors.AsType[*Expired](err)
	switch {
	case !ok:
		return there
	case e.Reason == handoff.FirstByte:
		return handoff.Client
	}
	return handoff.Neither
}

// reachOne tries one backend. at is the index of the address that was reached.
func (f *Forward) reachOne(ctx context.Context, r *handoff.Route, try dial) (at int, err error) {
	if len(r.Addrs) == 0 {
		return 0, errors.New(r.Why)
	}
	to, err := socket.Parse(f.Config.To[r.Backend])
	if err != nil {
		return 0, err
	}
	candidates := make([]netip.AddrPort, len(r.Addrs))
	for i, text := range r.Addrs {
		if to.Network != "unix" {
			if candidates[i], err = netip.ParseAddrPort(text); err != nil {
				return 0, err
			}
		}
	}
	if f.Config.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, f.Config.Timeout)
		defer cancel()
		ctx = limited
	}
	reached, err := try(ctx, to, candidates)
	for i, c := range candidates {
		if c == reached {
			at = i
		}
	}
	return at, err
}

// options are those of connections to backends.
func (f *Forward) options() socket.Options {
	o := socket.Options{KeepAlive: f.Config.KeepAlive, DeadPeer: f.Config.DeadPeer, NoDelay: f.Config.NoDelay}
	if ip, err := netip.ParseAddr(f.Config.Source); err == nil {
		o.Source = netip.AddrPortFrom(ip, 0)
	}
	return o
}

// header is the PROXY header that goes first, or empty.
func (f *Forward) header() []byte {
	if f.Config.Proxy == 0 {
		return nil
	}
	return proxy.Header(f.Config.Proxy, tcpAddr(f.Remote), tcpAddr(f.Local))
}

// tcpAddr is an address as the log has it; one that is not TCP's is nil.
func tcpAddr(text string) net.Addr {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return nil
	}
	return net.TCPAddrFromAddrPort(at)
}

// reachStream connects to a backend within Go's poller. The connection is the
// caller's.
func (f *Forward) reachStream(client StreamConn, t *timers) (streamCloser, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := watch(client, t, cancel)
	var backend streamCloser
	err := f.reach(ctx, func(ctx context.Context, to socket.Addr, candidates []netip.AddrPort) (netip.AddrPort, error) {
		conn, at, err := socket.DialTo(ctx, to, candidates, f.options())
		if err == nil {
			backend, err = f.greet(ctx, conn, to, t)
		}
		return at, err
	})
	stop()
	cancel(nil)
	if err != nil && backend != nil {
		backend.Close()
	}
	if err != nil {
		return nil, err
	}
	return backend, nil
}

// greet sends what goes before the client's bytes, and does TLS. It owns conn.
func (f *Forward) greet(ctx context.Context, conn net.Conn, to socket.Addr, t *timers) (streamCloser, error) {
	if header := f.header(); header != nil {
		if _, err := conn.Write(header); err != nil {
			conn.Close()
			return nil, fmt.Errorf("send PROXY header to %s: %s", conn.RemoteAddr(), socket.Reason(err))
		}
	}
	if !to.TLS {
		return conn.(streamCloser), nil
	}
	secured, err := f.secure(ctx, conn, to, t)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// secure does the TLS handshake with a backend. On failure conn is the caller's.
func (f *Forward) secure(ctx context.Context, conn net.Conn, to socket.Addr, t *timers) (streamCloser, error) {
	host := to.Host
	if host == "" {
		host = "localhost"
	}
	config, err := tlsdial.Options{}.Config(host)
	if err != nil {
		return nil, err
	}
	config.RootCAs = f.Roots
	under := &patientConn{Conn: conn, timed: timedConn{StreamConn: conn.(StreamConn), timers: t, backend: true}}
	c, err := tlsdial.Client(ctx, under, config)
	if err != nil {
		return nil, err
	}
	under.patient = true
	return securedConn{c, under}, nil
}

// patientConn is what TLS reads and writes: once the handshake is done, a timer
// that is put off by the other direction is no error for it, since TLS does not go
// on after one.
type patientConn struct {
	net.Conn
	timed   timedConn
	patient bool
}

func (c *patientConn) Read(b []byte) (int, error) {
	if !c.patient {
		return c.Conn.Read(b)
	}
	return c.timed.Read(b)
}

func (c *patientConn) Write(b []byte) (int, error) {
	if !c.patient {
		return c.Conn.Write(b)
	}
	return c.timed.Write(b)
}

// CloseWrite ends our side.
func (c *patientConn) CloseWrite() error { return c.timed.CloseWrite() }

// securedConn is a connection over TLS. Its deadlines are those of what is under
// it.
type securedConn struct {
	tlsdial.Conn
	under *patientConn
}

// Read reads what the backend says; the end must be said, too.
func (c securedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return n, err
}

// CloseRead ends the backend's side: a blocked Read returns.
func (c securedConn) CloseRead() error { return c.under.timed.CloseRead() }

// SetLinger is that of what is under it.
func (c securedConn) SetLinger(seconds int) error {
	if l, ok := c.under.Conn.(lingerer); ok {
		return l.SetLinger(seconds)
	}
	return nil
}

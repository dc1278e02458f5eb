package connect

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/proxy"
	"nettool/internal/report"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// defaultConnectTimeout bounds connecting: all addresses, proxy and TLS.
const defaultConnectTimeout = 10 * time.Second

// authVariable holds the proxy's USER:PASSWORD.
const authVariable = "NETTOOL_PROXY_AUTH"

// reach makes one connection to target, as the flags say, within
// --connect-timeout.
func (c *Cmd) reach(ctx context.Context, target socket.Addr, call *cli.Call, o *outcome) (net.Conn, error) {
	limited := ctx
	if limit := c.Times.ConnectTimeout.Or(defaultConnectTimeout); limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	begin := time.Now()
	conn, err := c.dial(limited, target, call, o)
	o.connectTime = time.Since(begin)
	return conn, err
}

// dial goes through the layers: the socket, a proxy, a PROXY header, TLS.
func (c *Cmd) dial(ctx context.Context, target socket.Addr, call *cli.Call, o *outcome) (net.Conn, error) {
	o.phase = phaseConnect
	options, err := c.Reach.options(ctx)
	if err != nil {
		return nil, err
	}
	var conn net.Conn
	if c.Reach.Proxy == "" {
		conn, err = c.Manner.dial(ctx, target, options)
	} else {
		conn, err = c.throughProxy(ctx, target, options, o)
	}
	if err != nil {
		return nil, err
	}
	if err := c.greet(conn); err != nil {
		conn.Close()
		return nil, err
	}
	if !target.TLS {
		return conn, nil
	}
	return c.secure(ctx, conn, target, call, o)
}

// options are those of the socket.
func (f *reachFlags) options(ctx context.Context) (socket.Options, error) {
	o := socket.Options{
		KeepAlive: time.Duration(f.KeepAlive), DeadPeer: time.Duration(f.DeadPeer),
		RcvBuf: int(f.RcvBuf), SndBuf: int(f.SndBuf), DSCP: f.DSCP, TTL: f.TTL, Broadcast: f.Broadcast,
		Interface: f.Interface,
	}
	err := f.Source.Apply(ctx, &o)
	return o, err
}

// throughProxy connects to the proxy and has it connect to target.
func (c *Cmd) throughProxy(ctx context.Context, target socket.Addr, options socket.Options, o *outcome) (net.Conn, error) {
	p, err := c.Reach.parseProxy()
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	conn, err := c.tunnel(ctx, p, target, options, o)
	if again, ok := p.Answer(err); ok {
		return c.tunnel(ctx, again, target, options, o)
	}
	return conn, err
}

// tunnel is one attempt at a proxy.
func (c *Cmd) tunnel(ctx context.Context, p proxy.Proxy, target socket.Addr, options socket.Options, o *outcome) (net.Conn, error) {
	conn, err := socket.Dial(ctx, p.Addr, options)
	if err != nil {
		return nil, exit.Errorf(exit.Of(err), "proxy: %w", err)
	}
	o.phase = phaseProxy
	if p.Scheme == "https" {
		if conn, err = c.secureProxy(ctx, conn, p); err != nil {
			return nil, err
		}
	}
	host := target.Host
	if target.Loopback {
		host = "localhost"
	}
	if err := p.Connect(ctx, conn, host, target.Port); err != nil {
		conn.Close()
		return nil, exit.Errorf(exit.Of(err), "connect %s: %w", target, err)
	}
	return conn, nil
}

// secureProxy does the TLS handshake with a proxy; on failure it closes conn.
func (c *Cmd) secureProxy(ctx context.Context, conn net.Conn, p proxy.Proxy) (net.Conn, error) {
	config, err := tlsdial.Options{CA: c.Reach.ProxyCA}.Config(p.Addr.Host)
	if err != nil {
		conn.Close()
		return nil, exit.Errorf(exit.Usage, "proxy: TLS: %w", err)
	}
	secured, err := tlsdial.Client(ctx, conn, config)
	if err != nil {
		conn.Close()
		return nil, exit.Errorf(exit.Of(err), "proxy: %w", err)
	}
	return secured, nil
}

// parseProxy adds the credentials of the environment or the file to the URL's.
func (f *reachFlags) parseProxy() (proxy.Proxy, error) {
	p, err := proxy.Parse(f.Proxy)
	if err != nil {
		return p, err
	}
	auth := os.Getenv(authVariable)
	if f.ProxyAuth != "" {
		text, err := os.ReadFile(f.ProxyAuth)
		if err != nil {
			return p, fmt.Errorf("proxy credentials: %w", err)
		}
		auth, _, _ = strings.Cut(string(text), "\n")
	}
	if auth = strings.TrimSuffix(auth, "\r"); auth != "" {
		p.User, p.Password, _ = strings.Cut(auth, ":")
	}
	return p, nil
}

// greet sends the PROXY header that was asked for.
func (c *Cmd) greet(conn net.Conn) error {
	if c.Reach.ProxyProtocol == 0 {
		return nil
	}
	if _, err := conn.Write(proxy.Header(int(c.Reach.ProxyProtocol), conn.LocalAddr(), conn.RemoteAddr())); err != nil {
		return exit.Errorf(exit.Broken, "send PROXY header to %s: %s", peerName(conn), socket.Reason(err))
	}
	return nil
}

// secure does the TLS handshake; on failure it closes conn.
func (c *Cmd) secure(ctx context.Context, conn net.Conn, target socket.Addr, call *cli.Call, o *outcome) (net.Conn, error) {
	o.phase = phaseTLS
	host := target.Host
	if host == "" {
		host = "localhost"
	}
	config, err := c.TLS.Options().Config(host)
	if err != nil {
		conn.Close()
		return nil, exit.Errorf(exit.Usage, "TLS: %w", err)
	}
	if c.StartTLS != "" {
		if err := tlsdial.StartTLS(ctx, conn, c.StartTLS); err != nil {
			conn.Close()
			return nil, err
		}
	}
	secured, err := tlsdial.Client(ctx, conn, config)
	if c.TLS.Show {
		for _, line := range secured.Describe() {
			report.Notice(call.Stderr, call.Name, "%s", line)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	if c.TLS.AllowTruncation {
		secured = secured.AllowTruncation()
	}
	return secured, nil
}

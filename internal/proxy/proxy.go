// Package proxy reaches a peer through a SOCKS5, SOCKS4a or HTTP CONNECT proxy,
// tells a server behind a proxy who is there (the PROXY protocol: header.go), and
// is told by a proxy in front of one (received.go).
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// Proxy is a proxy's address, protocol and credentials. The proxy resolves the name
// of the peer.
type Proxy struct {
	Scheme   string // "socks5", "socks4a", "http", or "https": TLS to an http proxy, which is the caller's to make
	Addr     socket.Addr
	User     string
	Password string

	digest *digest // answered to, not nil on the second attempt
}

// Answer returns the proxy for a second attempt, on a connection of its own, when err
// is one of Connect that says it wants HTTP Digest authentication. ok is false
// when it does not, or has been answered.
func (p Proxy) Answer(err error) (again Proxy, ok bool) {
	refused, ok := errors.AsType[*refusedError](err)
	if !ok || refused.challenge == nil || p.digest != nil || p.User == "" {
		return p, false
	}
	p.digest = refused.challenge
	return p, true
}

// Parse reads SCHEME://[USER[:PASSWORD]@]HOST:PORT. socks5h is socks5, socks4
// is socks4a, and the port of SOCKS is 1080 unless given.
func Parse(text string) (Proxy, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return Proxy{}, fmt.Errorf("proxy: want socks5://HOST:PORT, socks4a://HOST:PORT, http://HOST:PORT or https://HOST:PORT")
	}
	var p Proxy
	switch u.Scheme {
	case "socks5", "socks5h":
		p.Scheme = "socks5"
	case "socks4", "socks4a":
		p.Scheme = "socks4a"
	case "http", "https":
		p.Scheme = u.Scheme
	default:
		return p, fmt.Errorf("proxy scheme %q: want socks5, socks4a, http or https", u.Scheme)
	}
	port := u.Port()
	switch {
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "" && u.Scheme != "http":
		port = "1080"
	}
	if port == "" || strings.Trim(u.Path, "/") != "" {
		return p, fmt.Errorf("proxy %q: want %s://HOST:PORT", u.Redacted(), u.Scheme)
	}
	if u.User != nil {
		p.User = u.User.Username()
		p.Password, _ = u.User.Password()
	}
	p.Addr, err = socket.Parse(net.JoinHostPort(u.Hostname(), port))
	return p, err
}

// String is the proxy without its credentials.
func (p Proxy) String() string { return p.Scheme + "://" + p.Addr.String() }

// Connect asks the proxy at the other end of conn for a connection to the peer.
// conn remains the caller's, and afterwards leads to the peer: nothing beyond the
// proxy's answer has been read from it. Errors carry exit.Handshake;
// exit.Unreachable when the proxy could not reach the peer, exit.ConnectTimeout
// when ctx ended first.
func (p Proxy) Connect(ctx context.Context, conn net.Conn, host, port string) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	var err error
	switch p.Scheme {
	case "socks5":
		err = p.socks5(conn, host, port)
	case "socks4a":
		err = p.socks4(conn, host, port)
	default:
		err = p.http(conn, host, port)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	code := exit.Handshake
	if refused, ok := errors.AsType[*refusedError](err); ok && refused.unreachable {
		code = exit.Unreachable
	}
	if ctx.Err() != nil {
		code, err = exit.ConnectTimeout, ctx.Err()
	}
	return exit.With(code, &connectError{fmt.Sprintf("proxy %s: %s", p, reason(err)), err})
}

// connectError is a failure of Connect, in words.
type connectError struct {
	text string
	err  error
}

func (e *connectError) Error() string { return e.text }
func (e *connectError) Unwrap() error { return e.err }

func reason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "closed the connection during its handshake"
	}
	return socket.Reason(err)
}

// refusedError is a proxy's no.
type refusedError struct {
	text        string
	unreachable bool // the peer's fault, not the proxy's
	as          Refusal
	challenge   *digest
}

func (e *refusedError) Error() string { return e.text }

func refused(format string, args ...any) error {
	return &refusedError{text: fmt.Sprintf(format, args...)}
}

// Refusal is a proxy's no, as it came.
type Refusal struct {
	Line  string // of HTTP, the first line, 256 characters at most; hostile
	SOCKS int    // the version, 4 or 5, or 0
	Reply byte   // of SOCKS
}

// RefusalOf returns the answer that an error of Connect stands for. ok is false for a proxy
// that has not come to an answer.
func RefusalOf(err error) (r Refusal, ok bool) {
	refused, ok := errors.AsType[*refusedError](err)
	if !ok {
		return r, false
	}
	return refused.as, refused.as != Refusal{}
}

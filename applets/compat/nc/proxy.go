package nc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"nettool/internal/proxy"
	"nettool/internal/terminal"
)

// passwordVariable holds the proxy's USER:PASSWORD, of connect as well. Without it, a
// password is asked for at the terminal.
const passwordVariable = "NETTOOL_PROXY_AUTH"

// throughProxy connects to a port of the host by way of -x. A proxy's no ends nc.
func (r *run) throughProxy(port string) (conn net.Conn, ok bool, err error) {
	ctx := context.Background()
	if r.timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(r.timeout, shortest))
		defer cancel()
	}
	p := proxy.Proxy{Scheme: r.proxyScheme()}
	host, err := r.proxyTarget()
	if err != nil {
		return nil, false, fmt.Errorf("getaddrinfo(%q, %q): %s", r.host, port, lookupReason(r.host, err))
	}
	conn, err = r.tunnel(ctx, p, host, port)
	if refusal, no := proxy.RefusalOf(err); no && r.proxyUser != "" && strings.Contains(refusal.Line, " 407 ") {
		conn, err = r.identified(ctx, p, host, port)
	}
	if conn == nil {
		return nil, false, proxyReason(err)
	}
	number, _ := strconv.Atoi(port)
	r.tell("Connection to %s %s port [%s/%s] succeeded!", r.host, port, r.transport(), r.service(uint16(number)))
	return conn, true, nil
}

// identified connects by way of a proxy that wants to know who is there.
func (r *run) identified(ctx context.Context, p proxy.Proxy, host, port string) (conn net.Conn, err error) {
	p.User = r.proxyUser
	if p.Password, err = r.password(); err != nil {
		return nil, err
	}
	conn, err = r.tunnel(ctx, p, host, port)
	if again, ok := p.Answer(err); ok {
		return r.tunnel(ctx, again, host, port)
	}
	return conn, err
}

// tunnel is one attempt. Without an error and a connection, why the proxy itself cannot be
// reached has been said.
func (r *run) tunnel(ctx context.Context, p proxy.Proxy, host, port string) (net.Conn, error) {
	proxyHost, proxyPort := r.proxyAddress()
	conn, _, ok, err := r.first(proxyHost, proxyPort)
	if !ok {
		return nil, err
	}
	if err := p.Connect(ctx, conn, host, port); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// proxyScheme is the protocol in proxy's words.
func (r *run) proxyScheme() string {
	switch r.proxyKind {
	case "connect":
		return "http"
	case "4":
		return "socks4a"
	}
	return "socks5"
}

// proxyAddress divides the value of -x.
func (r *run) proxyAddress() (host, port string) {
	port = "1080"
	if r.proxyKind == "connect" {
		port = "3128"
	}
	if rest, ok := strings.CutPrefix(r.proxyAt, "["); ok {
		host, rest, _ = strings.Cut(rest, "]")
		if rest, ok = strings.CutPrefix(rest, ":"); ok {
			port = rest
		}
		return host, port
	}
	if _, err := netip.ParseAddr(r.proxyAt); err == nil {
		return r.proxyAt, port
	}
	if i := strings.LastIndexByte(r.proxyAt, ':'); i >= 0 {
		return r.proxyAt[:i], r.proxyAt[i+1:]
	}
	return r.proxyAt, port
}

// proxyTarget is the host as the proxy is told it: a name, but in SOCKS4, which has none.
func (r *run) proxyTarget() (string, error) {
	if r.proxyKind != "4" {
		return r.host, nil
	}
	all, err := r.resolve("tcp4", r.host, "0")
	if err != nil {
		return "", err
	}
	return all[0].Addr().String(), nil
}

// password is that of the proxy's user.
func (r *run) password() (string, error) {
	if _, password, ok := strings.Cut(os.Getenv(passwordVariable), ":"); ok {
		return password, nil
	}
	host, _ := r.proxyAddress()
	password, err := terminal.Password("Proxy password for " + r.proxyUser + "@" + host + ": ")
	if err != nil {
		return "", verbatim("Unable to read proxy passphrase")
	}
	return password, nil
}

// proxyReason is a proxy's no in nc's words.
func proxyReason(err error) error {
	refusal, ok := proxy.RefusalOf(err)
	switch {
	case err == nil:
		return nil
	case refusal.SOCKS != 0:
		return fmt.Errorf("connection failed, SOCKSv%d error: %s", refusal.SOCKS, socksReply(refusal))
	case ok:
		return verbatim(fmt.Sprintf("Proxy error: %q", refusal.Line))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("proxy read: Broken pipe")
	}
	return err
}

// socksReply is a reply in the words of RFC 1928, or in those of SOCKS4's description.
func socksReply(r proxy.Refusal) string {
	socks5 := [...]string{
		1: "General SOCKS server failure", 2: "Connection not allowed by ruleset", 3: "Network unreachable",
		4: "Host unreachable", 5: "Connection refused", 6: "TTL expired", 7: "Command not supported", 8: "Address type not supported",
	}
	switch {
	case r.SOCKS == 5 && int(r.Reply) < len(socks5) && r.Reply > 0:
		return socks5[r.Reply]
	case r.SOCKS == 4 && r.Reply == 91:
		return "Request rejected or failed"
	case r.SOCKS == 4 && r.Reply == 92:
		return "SOCKS server cannot connect to identd on the client"
	case r.SOCKS == 4 && r.Reply == 93:
		return "Client program and identd report different user-ids"
	}
	return "Unknown error"
}

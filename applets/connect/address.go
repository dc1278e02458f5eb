package connect

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/socket"
)

// source is the value of --source: where to connect from.
type source struct {
	text string
	path string // of a unix socket, or
	host string // a name or an IP, or empty, and
	port uint16 // a port, 0 for any
}

// UnmarshalText parses a path, an IP, a name, either with a port, or a port.
func (s *source) UnmarshalText(text []byte) error {
	t := string(text)
	*s = source{text: t}
	if strings.HasPrefix(t, "/") || strings.HasPrefix(t, "./") || strings.HasPrefix(t, "../") || strings.HasPrefix(t, "@") {
		s.path = t
		return nil
	}
	if ip, err := netip.ParseAddr(t); err == nil {
		s.host = ip.String()
		return nil
	}
	if t != "" && !strings.Contains(t, ":") && strings.Trim(t, "0123456789") != "" {
		t += ":0"
	}
	a, err := socket.Parse(t)
	if e, ok := errors.AsType[*exit.Error](err); ok {
		return fmt.Errorf("source %q: %w", text, errors.Unwrap(e.Err))
	}
	port, err := strconv.ParseUint(a.Port, 10, 16)
	if err != nil || a.TLS || a.Network != "tcp" {
		return fmt.Errorf("source %q: want an IP address or a name of this machine, IP:PORT, NAME:PORT, a port, or a path", text)
	}
	s.host, s.port = a.Host, uint16(port)
	return nil
}

// apply puts the source into the options. A name is that of this machine's addresses
// of both families.
func (s source) apply(ctx context.Context, o *socket.Options) error {
	o.SourcePath = s.path
	if s.host == "" {
		o.Source = netip.AddrPortFrom(netip.Addr{}, s.port)
		return nil
	}
	ips, err := (socket.Addr{Network: "tcp", Host: s.host, Port: strconv.Itoa(int(s.port))}).Resolve(ctx)
	if err != nil {
		return exit.Errorf(exit.Of(err), "source: %w", err)
	}
	o.Source = ips[0]
	for _, ip := range ips {
		if ip.Addr().Is4() != o.Source.Addr().Is4() {
			o.Source6 = ip
			break
		}
	}
	return nil
}

// fits is what is wrong with the source for a peer at target, or nil.
func (s source) fits(target socket.Addr) error {
	unix := target.Network == "unix" || target.Network == "unixgram"
	switch {
	case s.path != "" && !unix:
		return exit.Errorf(exit.Usage, "source %q: is a path, and %q is no unix socket", s.text, target)
	case s.text != "" && s.path == "" && unix:
		return exit.Errorf(exit.Usage, "source %q: is no path, and %q is a unix socket", s.text, target)
	}
	return nil
}

// remove ends the file of a unix socket that was ours.
func (s source) remove() {
	if s.path != "" && s.path[0] != '@' {
		os.Remove(s.path)
	}
}

// times is the value of --retry; forever is negative.
type times int

// UnmarshalText parses a number, or "forever".
func (n *times) UnmarshalText(text []byte) error {
	if string(text) == "forever" {
		*n = -1
		return nil
	}
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("retry %q: want a number, or forever", text)
	}
	*n = times(v)
	return nil
}

// version is the value of --proxy-protocol, 0 for none.
type version = cli.ProxyVersion

// Plain fills the arguments of a command line that has no flags.
func (c *Cmd) Plain(args []string) bool {
	if len(args) < 1 || len(args) > 2 {
		return false
	}
	for _, arg := range args {
		if arg == "" || arg[0] == '-' {
			return false
		}
	}
	c.Address = args[0]
	if len(args) == 2 {
		c.Port = args[1]
	}
	return true
}

// target is the peer's address, from one argument or from HOST PORT.
func (c *Cmd) target() (socket.Addr, error) {
	if !c.Files.any() && len(c.Names) > 0 {
		return socket.Addr{}, exit.Errorf(exit.Usage, "unexpected argument %q: files need --send-file or --get", c.Names[0])
	}
	var a socket.Addr
	var err error
	if c.Port == "" || c.Files.any() {
		a, err = socket.Parse(c.Address)
	} else {
		a, err = socket.ParseHostPort(c.Address, c.Port)
	}
	if err != nil {
		return a, exit.With(exit.Usage, err)
	}
	if a.Network == "fd" || a.Network == "systemd" {
		return a, exit.Errorf(exit.Usage, "address %q: is for serve, nothing can connect to it", a)
	}
	return a, nil
}

package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"nettool/internal/exit"
)

// Source is where to connect from, as a user gives it. The zero Source leaves that to
// the kernel.
type Source struct {
	text string
	path string // of a unix socket, or
	host string // a name or an IP, or empty, and
	port uint16 // a port, 0 for any
}

// UnmarshalText parses a path, an IP, a name, either with a port, or a port.
func (s *Source) UnmarshalText(text []byte) error {
	t := string(text)
	*s = Source{text: t}
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
	a, err := Parse(t)
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

// String is the source as it was given.
func (s Source) String() string { return s.text }

// Apply puts the source into the options. A name is that of this machine's addresses
// of both families; the error is that of its lookup.
func (s Source) Apply(ctx context.Context, o *Options) error {
	o.SourcePath = s.path
	if s.host == "" {
		o.Source = netip.AddrPortFrom(netip.Addr{}, s.port)
		return nil
	}
	ips, err := (Addr{Network: "tcp", Host: s.host, Port: strconv.Itoa(int(s.port))}).Resolve(ctx)
	if err != nil {
		return exit.Errorf(exit.Of(err), "source: %w", err)
	}
	for i, ip := range ips {
		ips[i] = netip.AddrPortFrom(numbered(ip.Addr()), ip.Port())
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

// numbered is an IP with its zone in digits, as the kernel wants it.
func numbered(ip netip.Addr) netip.Addr {
	if iface, err := net.InterfaceByName(ip.Zone()); err == nil && ip.Zone() != "" {
		return ip.WithZone(strconv.Itoa(iface.Index))
	}
	return ip
}

// Fits is what is wrong with the source for a peer at target, with exit.Usage, or nil.
func (s Source) Fits(target Addr) error {
	switch {
	case s.path != "" && !isUnixNetwork(target.Network):
		return exit.Errorf(exit.Usage, "source %q: is a path, and %q is no unix socket", s.text, target)
	case s.text != "" && s.path == "" && isUnixNetwork(target.Network):
		return exit.Errorf(exit.Usage, "source %q: is no path, and %q is a unix socket", s.text, target)
	}
	return nil
}

// Remove ends the file of a unix socket that was ours.
func (s Source) Remove() {
	if s.path != "" && s.path[0] != '@' {
		os.Remove(s.path)
	}
}

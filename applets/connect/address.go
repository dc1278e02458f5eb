package connect

import (
	"fmt"
	"net/netip"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// source is the value of --source.
type source netip.AddrPort

// UnmarshalText parses an IP, or an IP and a port.
func (s *source) UnmarshalText(text []byte) error {
	if ip, err := netip.ParseAddr(string(text)); err == nil {
		*s = source(netip.AddrPortFrom(ip, 0))
		return nil
	}
	ap, err := netip.ParseAddrPort(string(text))
	if err != nil {
		return fmt.Errorf("source %q: want an IP address of this machine, or IP:PORT", text)
	}
	*s = source(ap)
	return nil
}

// target is the peer's address, from one argument or from HOST PORT.
func (c *Cmd) target() (socket.Addr, error) {
	var a socket.Addr
	var err error
	if c.Port == "" {
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

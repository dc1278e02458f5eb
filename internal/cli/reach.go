package cli

import (
	"fmt"
	"net/netip"
)

// Source is a flag's address of this machine to connect from. Port 0 leaves the port
// to the kernel.
type Source netip.AddrPort

// UnmarshalText parses an IP, or an IP and a port.
func (s *Source) UnmarshalText(text []byte) error {
	if ip, err := netip.ParseAddr(string(text)); err == nil {
		*s = Source(netip.AddrPortFrom(ip, 0))
		return nil
	}
	ap, err := netip.ParseAddrPort(string(text))
	if err != nil {
		return fmt.Errorf("source %q: want an IP address of this machine, or IP:PORT", text)
	}
	*s = Source(ap)
	return nil
}

// ProxyVersion is a flag's version of the PROXY protocol, 0 for none.
type ProxyVersion int

// UnmarshalText parses v1 or v2.
func (v *ProxyVersion) UnmarshalText(text []byte) error {
	switch string(text) {
	case "v1":
		*v = 1
	case "v2":
		*v = 2
	default:
		return fmt.Errorf("PROXY protocol %q: want v1 or v2", text)
	}
	return nil
}

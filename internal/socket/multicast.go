package socket

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"nettool/internal/exit"
)

// Group is a multicast group to hear (RFC 1112, RFC 4291), on one network interface or
// where the system's routes say.
type Group struct {
	IP        netip.Addr
	Interface string
}

// UnmarshalText reads GROUP or GROUP%IFACE.
func (g *Group) UnmarshalText(text []byte) error {
	address, iface, found := strings.Cut(string(text), "%")
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil || !ip.IsMulticast():
		return fmt.Errorf("%q: %q is not the address of a multicast group, as in 224.0.0.251 or ff02::fb", text, address)
	case found && iface == "":
		return fmt.Errorf("%q: the interface is missing after %%", text)
	}
	*g = Group{ip.Unmap(), iface}
	return nil
}

// String is the form that UnmarshalText reads.
func (g Group) String() string {
	if g.Interface == "" {
		return g.IP.String()
	}
	return g.IP.String() + "%" + g.Interface
}

// Join has a datagram socket hear groups, and no others: those of its family, or of both
// on a wildcard address; a unix socket hears none. A socket that was taken over is in its groups already.
func Join(p Packet, groups []Group) error {
	c, ok := p.(*net.UDPConn)
	if !ok {
		return nil
	}
	at := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	for _, g := range groups {
		both := at.IsUnspecified() && at.Is6()
		if !both && at.Unmap().Is4() != g.IP.Is4() {
			continue
		}
		index := 0
		if g.Interface != "" {
			i, err := net.InterfaceByName(g.Interface)
			if err != nil {
				return exit.Errorf(exit.Usage, "join %s: there is no interface %q", g, g.Interface)
			}
			index = i.Index
		}
		if err := join(c, g.IP, index); err != nil {
			return exit.With(exit.Local, fmt.Errorf("join %s: %w", g, err))
		}
	}
	return nil
}

package socket

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// group is a socket for datagrams to many: what is sent goes to all of them, and
// whoever answers is heard, from addresses of their own.
type group struct {
	*net.UDPConn
	to *net.UDPAddr
}

// toMany reports whether datagrams to ip reach more than one.
func (o Options) toMany(network string, ip netip.Addr) bool {
	return strings.HasPrefix(network, "udp") && (o.Broadcast || ip.IsMulticast())
}

// dialGroup makes a socket for datagrams to many. One is the peer of no one: no error
// comes back (ICMP).
func (o Options) dialGroup(ctx context.Context, network, addr string) (net.Conn, error) {
	to, err := net.ResolveUDPAddr(network, addr)
	if err != nil {
		return nil, err
	}
	c := net.ListenConfig{Control: o.control(false)}
	local := ":0"
	if source := o.localAddr(network, addr); source != nil {
		local = source.String()
	}
	if to.IP.To4() != nil {
		network = "udp4"
	}
	conn, err := c.ListenPacket(ctx, network, local)
	if err != nil {
		return nil, err
	}
	return &group{conn.(*net.UDPConn), to}, nil
}

// Write sends a datagram to all.
func (g *group) Write(b []byte) (int, error) { return g.WriteToUDP(b, g.to) }

// Read receives one from anybody.
func (g *group) Read(b []byte) (int, error) {
	n, _, err := g.ReadFromUDPAddrPort(b)
	return n, err
}

// RemoteAddr is that of all.
func (g *group) RemoteAddr() net.Addr { return g.to }

package server

import (
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// peer is one end of a connection.
type peer struct {
	addr netip.AddrPort // invalid for unix sockets
	path string         // unix sockets: path, "@name", or empty
	text string         // as logs show it
}

// peerOf converts what accept4(2) and getsockname(2) return. IPv4-mapped
// addresses are unmapped here, before anything else sees them.
func peerOf(sa unix.Sockaddr) peer {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return tcpPeer(netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr).Unmap()
		if a.ZoneId != 0 && ip.Is6() {
			ip = ip.WithZone(zone(a.ZoneId))
		}
		return tcpPeer(netip.AddrPortFrom(ip, uint16(a.Port)))
	case *unix.SockaddrUnix:
		return peer{path: a.Name, text: "unix:" + a.Name}
	}
	return peer{text: "unknown"}
}

func tcpPeer(a netip.AddrPort) peer { return peer{addr: a, text: a.String()} }

// zone names an interface as addresses do, by its number when it is gone.
func zone(index uint32) string {
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(index))
}

// fixedLocal is the local address of all connections of a listener, when it is
// the same for all: a wildcard listener's is not.
func fixedLocal(a net.Addr) (peer, bool) {
	switch a := a.(type) {
	case *net.TCPAddr:
		ap := a.AddrPort()
		if ap.Addr().IsUnspecified() || ap.Addr().Zone() != "" {
			return peer{}, false
		}
		return tcpPeer(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())), true
	case *net.UnixAddr:
		return peer{path: a.Name, text: "unix:" + a.Name}, true
	}
	return peer{}, false
}

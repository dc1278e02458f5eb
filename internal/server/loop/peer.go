package loop

import (
	"net"
	"net/netip"
	"strconv"
)

// Peer is one end of a connection.
type Peer struct {
	Addr netip.AddrPort // invalid for unix sockets; IPv4-mapped addresses are unmapped
	Path string         // unix sockets: path, "@name", or empty
	Text string         // as logs show it
	User *User          // at the other end of a unix socket, when the system tells
}

// User is who has made a unix connection (SO_PEERCRED, unix(7)).
type User struct{ PID, UID, GID int }

// TCPPeer is one end of a TCP connection.
func TCPPeer(a netip.AddrPort) Peer { return Peer{Addr: a, Text: a.String()} }

// udpPeer is one end of a conversation over UDP.
func udpPeer(a netip.AddrPort) Peer { return Peer{Addr: a, Text: "udp:" + a.String()} }

func unixPeer(name string) Peer { return Peer{Path: name, Text: "unix:" + name} }

// peerOf converts an address of the net package.
func peerOf(a net.Addr) Peer {
	switch a := a.(type) {
	case *net.TCPAddr:
		ap := a.AddrPort()
		return TCPPeer(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	case *net.UDPAddr:
		ap := a.AddrPort()
		return udpPeer(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	case *net.UnixAddr:
		return unixPeer(a.Name)
	}
	return Peer{Text: "unknown"}
}

// zone names an interface as addresses do, by its number when it is gone.
func zone(index uint32) string {
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(index))
}

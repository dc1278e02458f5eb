package loop

import (
	"net/netip"
	"strings"
	"unique"
)

// Envelope is what a datagram says about itself: who is at its other end, and which
// address of ours. It is comparable: of one conversation all datagrams have the same.
type Envelope struct {
	Peer  netip.AddrPort // IPv4-mapped addresses are unmapped; without a zone
	Local netip.Addr     // that the peer has asked, and hears from; invalid when it is not known
	Port  uint16         // of ours
	Index uint32         // of the interface, of a peer with a link-local address; or zero

	paths unique.Handle[Paths] // in place of all that, of unix sockets
}

// Paths are the names of both ends of unix sockets, as the kernel has them: an abstract one
// begins with a zero byte, and who has none cannot be answered.
type Paths struct{ Peer, Local string }

// UnixEnvelope is that of a unix socket's datagrams.
func UnixEnvelope(p Paths) Envelope { return Envelope{paths: unique.Make(p)} }

// Unix are the names of both ends; ok is false when they are addresses.
func (e Envelope) Unix() (p Paths, ok bool) {
	if e.paths == (unique.Handle[Paths]{}) {
		return Paths{}, false
	}
	return e.paths.Value(), true
}

// Ends are both ends, with the zone of a link-local address.
func (e Envelope) Ends() (local, peer Peer) {
	if p, ok := e.Unix(); ok {
		return unixgramPeer(p.Local), unixgramPeer(p.Peer)
	}
	to := e.Peer
	if e.Index != 0 {
		to = netip.AddrPortFrom(to.Addr().WithZone(zone(e.Index)), to.Port())
	}
	return udpPeer(netip.AddrPortFrom(e.Local, e.Port)), udpPeer(to)
}

// unixgramPeer is one end of a conversation over unix sockets.
func unixgramPeer(path string) Peer {
	if name, ok := strings.CutPrefix(path, "\x00"); ok {
		path = "@" + name
	}
	return Peer{Path: path, Text: "unixgram:" + path}
}

// Largest is how long a datagram can be, in bytes: more than UDP's 65,507, and more than
// what a unix socket sends unless somebody has raised its buffer (net.core.wmem_default).
const Largest = 1 << 18

// Mail is what has come to a mailbox, and what is said about what was sent. The functions
// are called in the loop.
type Mail struct {
	// Take has one datagram, which is the mailbox's again once Take has returned.
	Take func(e Envelope, datagram []byte)
	// Taken is called after those that had come together, when what was sent meanwhile
	// has left.
	Taken func()
	// Cut tells of a datagram that is longer than Largest, and was thrown away.
	Cut func(e Envelope)
	// Refused tells that the peer, or somebody on the way to it, has said that it takes
	// no datagrams (ICMP).
	Refused func(e Envelope, err error)
	// Waiting, unless it is nil, is called in place of Take, and of what follows it, while
	// datagrams wait.
	Waiting func()
	// Lost tells that a datagram could not be sent.
	Lost func(e Envelope, err error)
}

// backlogged bounds what waits in memory, in bytes, while a socket takes no more.
const backlogged = 1 << 20

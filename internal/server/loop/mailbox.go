package loop

import "net/netip"

// Envelope is what a datagram says about itself: who is at its other end, and which
// address of ours. It is comparable: of one conversation all datagrams have the same.
type Envelope struct {
	Peer  netip.AddrPort // IPv4-mapped addresses are unmapped; without a zone
	Local netip.Addr     // that the peer has asked, and hears from; invalid when it is not known
	Port  uint16         // of ours
	Index uint32         // of the interface, of a peer with a link-local address; or zero
}

// Ends are both ends, with the zone of a link-local address.
func (e Envelope) Ends() (local, peer netip.AddrPort) {
	local, peer = netip.AddrPortFrom(e.Local, e.Port), e.Peer
	if e.Index != 0 {
		peer = netip.AddrPortFrom(peer.Addr().WithZone(zone(e.Index)), peer.Port())
	}
	return local, peer
}

// Largest is how long a datagram can be, in bytes: more than UDP's 65,507.
const Largest = 1 << 16

// Mail is what has come to a mailbox, and what is said about what was sent. The functions
// are called in the loop.
type Mail struct {
	// Take has one datagram, which is the mailbox's again once Take has returned.
	Take func(e Envelope, datagram []byte)
	// Taken is called after those that had come together, when what was sent meanwhile
	// has left.
	Taken func()
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

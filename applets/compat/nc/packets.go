package nc

import (
	"context"
	"net"
	"net/netip"

	"nettool/internal/socket"
)

// servePackets relays with the first sender of a datagram; with -k it writes out what
// everybody sends, and has nobody to answer.
func (r *run) servePackets() int {
	c, remove, err := r.bindPackets()
	if err != nil {
		r.say("%v", err)
		return failure
	}
	defer remove()
	if r.keep {
		r.noStdin, r.most, r.timeout = true, 0, -1 // they end what goes on with the next datagram
		return r.converse(c.(net.Conn))
	}
	conn, err := socket.FirstSender(c)
	if err != nil {
		r.say("%s", reason(err))
		return failure
	}
	r.received(conn.RemoteAddr())
	return r.converse(conn)
}

// bindPackets opens the socket, and says where it is.
func (r *run) bindPackets() (c net.PacketConn, remove func() error, err error) {
	if r.unix {
		if err := wrongPath(r.host); err != nil {
			return nil, nil, failed(err)
		}
		c, remove, err := socket.ListenUnixPacket(r.host)
		if err != nil {
			return nil, nil, r.unbound(err)
		}
		r.tell("Bound on %s", r.host)
		return c, remove, nil
	}
	all, err := r.listenAt()
	if err != nil {
		return nil, nil, err
	}
	options, err := r.options(netip.Addr{})
	if err != nil {
		return nil, nil, err
	}
	for _, at := range all {
		var cs []socket.Packet
		if cs, err = socket.ListenPacket(context.Background(), at, options); err == nil {
			host, port := r.nameOf(cs[0].LocalAddr())
			r.tell("Bound on %s %s", host, port)
			return cs[0], func() error { return nil }, nil
		}
	}
	return nil, nil, failed(err)
}

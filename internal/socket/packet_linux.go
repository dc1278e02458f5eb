package socket

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// onPacket sets what a datagram socket on an address tells about datagrams.
func onPacket(c *net.UDPConn, ip netip.Addr) error {
	return controlled(c, func(fd int) error {
		s := &setter{fd: fd}
		s.set("IP_RECVERR", unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		if ip.Is6() {
			s.set("IPV6_RECVERR", unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		}
		if !ip.IsUnspecified() {
			return s.err
		}
		if ip.Is4() {
			s.set("IP_PKTINFO", unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		} else {
			s.set("IPV6_RECVPKTINFO", unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
		return s.err
	})
}

// packetBuffer is the receive buffer of a socket that takes everybody's datagrams, in
// bytes.
const packetBuffer = 4 << 20

// roomy gives a datagram socket a large receive buffer, or one as large as may be
// (net.core.rmem_max).
func roomy(c *net.UDPConn) {
	_ = controlled(c, func(fd int) error {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, packetBuffer) != nil {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, packetBuffer)
		}
		return nil
	})
}

// join makes a socket a member of a group (ip(7), ipv6(7)), unless it is one.
func join(c *net.UDPConn, group netip.Addr, index int) error {
	return controlled(c, func(fd int) (err error) {
		if group.Is4() {
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
			err = unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(index)})
		} else {
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
			err = unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(index)})
		}
		if err == unix.EADDRINUSE {
			return nil
		}
		return err
	})
}

// DetachPacket takes the descriptor out of a datagram socket: non-blocking,
// close-on-exec, and unknown to Go's poller. p is closed, its socket file stays; the caller
// owns fd. remove, never nil, deletes the socket file if it is still ours, and does nothing
// for UDP.
func DetachPacket(p Packet) (fd int, remove func() error, err error) {
	var file *socketFile
	var c Packet = p
	if u, ok := p.(*unixPacket); ok {
		file, c = u.file, u.UnixConn
	}
	defer c.Close()
	if fd, err = duplicate(c); err != nil {
		return -1, nil, fmt.Errorf("detach %s: %w", Text(p.LocalAddr()), err)
	}
	return fd, file.remove, nil
}

// TakePacket makes a datagram socket of the copy f of one that an older image of this
// program had opened for the address a. Its socket file, if it has one, is ours, to be
// removed at the end, once mine says so. f is closed.
func TakePacket(f *os.File, a Addr, mine func() bool) (Packet, error) {
	defer f.Close()
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, fmt.Errorf("take over datagram socket %s: %w", a, err)
	}
	switch c := c.(type) {
	case *net.UDPConn:
		return c, nil
	case *net.UnixConn:
		return &unixPacket{UnixConn: c, file: takenFile(a, mine)}, nil
	}
	c.Close()
	return nil, fmt.Errorf("take over datagram socket %s: it is a %T", a, c)
}

package socket

import (
	"context"
	"net"
	"syscall"
)

// Packet is a datagram socket that waits for whoever sends to it: *net.UDPConn, or one of
// a unix socket, which removes its file when it is closed, if that is still its own.
type Packet interface {
	net.PacketConn
	syscall.Conn
}

// ListenPacket opens the datagram sockets of one address, UDP's or unixgram's: one, or
// several where the address stands for several, as Listen has it. Those of UDP tell what
// address each datagram was sent to when that is not their own (ip(7), IP_PKTINFO), and
// keep what ICMP says about those that were sent (IP_RECVERR), where the system has these.
//
// Errors are those of Listen. The sockets are the caller's.
func ListenPacket(ctx context.Context, a Addr, o Options) ([]Packet, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if a.Network == "unixgram" {
		p, err := listenUnixgram(ctx, a, o)
		if err != nil {
			return nil, err
		}
		return []Packet{p}, nil
	}
	return openAll(ctx, a, func(t target) (Packet, error) { return openPacket(ctx, t, o) }, Packet.LocalAddr)
}

func openPacket(ctx context.Context, t target, o Options) (Packet, error) {
	config := net.ListenConfig{Control: o.control(true)}
	c, err := config.ListenPacket(ctx, t.network, t.String())
	if err != nil {
		return nil, listenError(t.String(), t.port, err)
	}
	conn := c.(*net.UDPConn)
	if o.RcvBuf == 0 {
		roomy(conn)
	}
	if err := onPacket(conn, conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()); err != nil {
		_ = conn.Close()
		return nil, listenError(t.String(), t.port, err)
	}
	return conn, nil
}

// controlled does something to a socket's descriptor.
func controlled(c syscall.Conn, do func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = do(int(fd)) }); err != nil {
		return err
	}
	return inner
}

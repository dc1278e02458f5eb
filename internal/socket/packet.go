package socket

import (
	"context"
	"net"
	"syscall"
)

// ListenPacket opens the datagram sockets of one UDP address: one, or several where the
// address stands for several, as Listen has it. They tell what address each datagram was
// sent to when that is not their own (ip(7), IP_PKTINFO), and keep what ICMP says about
// those that were sent (IP_RECVERR), where the system has these.
//
// Errors are those of Listen. The sockets are the caller's.
func ListenPacket(ctx context.Context, a Addr, o Options) ([]*net.UDPConn, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return openAll(ctx, a, func(t target) (*net.UDPConn, error) { return openPacket(ctx, t, o) }, (*net.UDPConn).LocalAddr)
}

func openPacket(ctx context.Context, t target, o Options) (*net.UDPConn, error) {
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

package socket

import "net"

// settle undoes the TCP_NODELAY that the net package sets on what it connects.
func (o Options) settle(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && o.NoDelay < 0 {
		_ = tcp.SetNoDelay(false)
	}
}

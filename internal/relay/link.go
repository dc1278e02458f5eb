package relay

import (
	"net"
	"strings"
	"syscall"

	"nettool/internal/socket"
)

// link is what a session knows about its connection besides its bytes.
type link struct {
	conn     net.Conn
	base     net.Conn        // the socket under it all
	raw      syscall.RawConn // of a plain stream, whose bytes may bypass conn; otherwise nil
	under    syscall.RawConn // of base, nil when there is none
	tcp      bool            // under is TCP
	datagram bool
	wrapped  bool // TLS: our bytes are not the kernel's
	ended    bool // our end was sent, as far as TLS goes
	shut     bool // our FIN has been sent, too
	acked    uint64
}

// closeWriter is a connection with a half-close.
type closeWriter interface{ CloseWrite() error }

func newLink(conn net.Conn) *link {
	l := &link{conn: conn}
	base := conn
	for { // TLS may be within TLS, to a proxy
		c, ok := base.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		base, l.wrapped = c.NetConn(), true
	}
	l.base = base
	network := base.LocalAddr().Network()
	l.tcp = strings.HasPrefix(network, "tcp")
	l.datagram = strings.HasPrefix(network, "udp") || network == "unixgram"
	if c, ok := base.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			l.under = raw
		}
	}
	if !l.wrapped && !l.datagram {
		l.raw = l.under
	}
	return l
}

// closeWrite sends our end, once. Datagrams have none. Its failure shows in
// what the peer does next.
func (l *link) closeWrite() {
	if c, ok := l.conn.(closeWriter); ok && !l.shut && !l.datagram {
		l.ended, l.shut = true, c.CloseWrite() == nil
	}
}

// abort makes close reset the connection.
func (l *link) abort() {
	if c, ok := l.base.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
}

// close closes the connection; TLS says goodbye only if politely, because that
// may take long when the peer does not read.
func (l *link) close(politely bool) {
	if !politely {
		l.base.Close()
	}
	l.conn.Close()
}

// tlsCloseNotify is the length of the record that TLS sends after the last byte
// of data: 24 bytes in TLS 1.3, 31 with the AEADs of TLS 1.2. No record with data
// in it fits the difference.
const tlsCloseNotify = 31

// unacked is how many of our bytes the peer's kernel has not acknowledged. Of
// TLS it is the number of bytes on the wire. Where the system does not tell it is
// 0: what the kernel took counts as delivered.
func (l *link) unacked() int64 {
	if !l.tcp || l.under == nil {
		return 0
	}
	n := 0
	l.under.Control(func(fd uintptr) { n, _ = socket.Outq(int(fd)) })
	if l.shut {
		n-- // the FIN has a sequence number of its own
	}
	if l.ended && l.wrapped { // whether or not the peer was still there
		n -= tlsCloseNotify
	}
	return max(int64(n), 0)
}

// info is the kernel's view of the connection, zero where it has none to tell.
func (l *link) info() (info socket.TCPInfo) {
	if l.tcp && l.under != nil {
		l.under.Control(func(fd uintptr) { info, _ = socket.InfoFD(int(fd)) })
	}
	return info
}

// dead reports whether TCP has given the connection up.
func (l *link) dead() bool { return l.info().State == socket.TCPClose }

// ackedMore reports whether the peer acknowledged bytes since the last call.
func (l *link) ackedMore() bool {
	n := l.info().BytesAcked
	more := n != l.acked
	l.acked = n
	return more
}

package attempt

import (
	"net"
	"os"

	"nettool/internal/socket"
)

// link is one connected socket, or what is left of one that did not connect.
// It is a bare descriptor until somebody needs a net.Conn. The zero link has no
// socket.
type link struct {
	fd   int      // valid while has is true
	has  bool     // fd is ours
	file *os.File // owns fd once the poller has had to wait for it
	c    net.Conn // owns the socket once conn was called, and for unix sockets
	own  bool     // both ends have the same IP
	tcp  socket.TCPInfo
	told bool
	said *ICMPError // of one that did not connect
}

// icmp is what ICMP said of a link that did not connect, or nil.
func (l *link) icmp() *ICMPError { return l.said }

// info returns TCP_INFO; once the socket is closed, what it was last.
func (l *link) info() (socket.TCPInfo, bool) {
	if l.has {
		l.tcp, l.told = socket.InfoFD(l.fd)
	}
	return l.tcp, l.told
}

// conn makes a net.Conn of the link, which stays its owner.
func (l *link) conn() (net.Conn, error) {
	if l.c != nil {
		return l.c, nil
	}
	if l.file == nil {
		l.file = os.NewFile(uintptr(l.fd), "socket")
	}
	l.info()
	c, err := net.FileConn(l.file) // a duplicate
	l.file.Close()
	l.file, l.has = nil, false
	if err != nil {
		return nil, err
	}
	l.c = c
	return c, nil
}

// close closes whatever the link holds. It may be called twice.
func (l *link) close() {
	switch {
	case l.c != nil:
		l.c.Close()
	case l.file != nil:
		l.file.Close()
	case l.has:
		closeFD(l.fd)
	}
	l.c, l.file, l.has = nil, nil, false
}

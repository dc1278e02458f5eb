//go:build !linux

package attempt

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"nettool/internal/socket"
)

// HalfOpen reports whether Level Syn works on this system.
const HalfOpen = false

// link is one connected socket. The zero link has none.
type link struct {
	c    net.Conn
	own  bool // both ends have the same IP: not known here, Go's dialler guards
	tcp  socket.TCPInfo
	told bool
}

// info is what the kernel tells about the connection.
func (l *link) info() (socket.TCPInfo, bool) {
	if c, ok := l.c.(syscall.Conn); ok {
		l.tcp, l.told = socket.Info(c)
	}
	return l.tcp, l.told
}

// icmp is what ICMP said: not known here.
func (l *link) icmp() *ICMPError { return nil }

// conn is the link's connection; the link stays its owner.
func (l *link) conn() (net.Conn, error) { return l.c, nil }

// close closes the connection. It may be called twice.
func (l *link) close() {
	if l.c != nil {
		l.c.Close()
	}
	l.c = nil
}

// knock connects l to at, or to a unix address's path.
func (s *Spec) knock(ctx context.Context, l *link, to socket.Addr, at netip.AddrPort) (err error) {
	if to.Network == "unix" {
		l.c, err = socket.DialOne(ctx, "unix", to.Path, socket.Options{})
		return err
	}
	l.c, err = socket.DialOne(ctx, "tcp", at.String(), s.From)
	return err
}

//go:build unix

package socket

import (
	"context"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// FirstSender waits for a datagram, which stays where it is, and connects the socket to
// whoever has sent it: what others send does not arrive any more. c is closed; the
// connection is the caller's. A sender that has no name (unix(7)), or is gone, cannot be
// connected to: conn then is c itself.
func FirstSender(c net.PacketConn) (conn net.Conn, err error) {
	from, err := peekSender(c)
	if err != nil {
		return nil, err
	}
	if u, ok := from.(*unix.SockaddrUnix); from == nil || ok && u.Name == "" {
		return c.(net.Conn), nil
	}
	fd, err := copyOf(c)
	if err != nil {
		c.Close()
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "datagrams")
	defer f.Close()
	if unix.Connect(fd, from) != nil {
		return c.(net.Conn), nil
	}
	defer c.Close()
	return net.FileConn(f)
}

// peekSender is who has sent the datagram that is next.
func peekSender(c net.PacketConn) (from unix.Sockaddr, err error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var inner error
	err = raw.Read(func(fd uintptr) bool {
		for {
			_, from, inner = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
			if inner != unix.EINTR {
				return inner != unix.EAGAIN
			}
		}
	})
	if err == nil {
		err = inner
	}
	return from, err
}

// copyOf is another descriptor of a socket, the caller's.
func copyOf(c net.PacketConn) (fd int, err error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	var inner error
	err = raw.Control(func(old uintptr) { fd, inner = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = inner
	}
	return fd, err
}

// ListenUnixPacket opens a datagram socket at a path, or in the abstract namespace, as
// Listen opens one for streams: a socket that nobody listens on is replaced, anything
// else that is there is not. remove deletes its file, if that is still its own.
func ListenUnixPacket(path string) (c *net.UnixConn, remove func() error, err error) {
	a := Addr{Network: "unixgram", Path: path}
	if !a.Abstract() {
		unlock := lockFolder(context.Background(), path)
		defer unlock()
		if err := clearPath(context.Background(), "unixgram", path); err != nil {
			return nil, nil, listenError(a.String(), 0, err)
		}
	}
	c, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		return nil, nil, listenError(a.String(), 0, err)
	}
	if a.Abstract() {
		return c, func() error { return nil }, nil
	}
	file, err := newSocketFile(path)
	if err != nil {
		c.Close()
		return nil, nil, listenError(a.String(), 0, err)
	}
	return c, file.remove, nil
}

//go:build !portable

package loop

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// Listener is a listening socket that belongs to a loop.
type Listener struct {
	Addr net.Addr
	TLS  bool // what its sockets speak

	loop    *Loop
	fd      int
	arrived func()       // connections wait
	remove  func() error // deletes a unix socket's file
	token   uint64       // of its watch
	polled  bool
	local   Peer // of its connections, when it is the same for all
	fixed   bool
}

// Listen takes over a listener, also when it fails. arrived is called while
// connections wait and Poll says so.
func (l *Loop) Listen(inner net.Listener, arrived func(*Listener)) (*Listener, error) {
	addr := inner.Addr()
	fd, remove, err := socket.Detach(inner)
	if err != nil {
		inner.Close()
		return nil, fmt.Errorf("listen %s: %w", addr, err)
	}
	ln := &Listener{Addr: addr, loop: l, fd: fd, remove: remove}
	ln.arrived = func() { arrived(ln) }
	ln.local, ln.fixed = fixedLocal(addr)
	return ln, nil
}

// fixedLocal is the local address of all connections of a listener, when it is
// the same for all: a wildcard listener's is not.
func fixedLocal(a net.Addr) (Peer, bool) {
	if t, ok := a.(*net.TCPAddr); ok {
		ip := t.AddrPort().Addr()
		if ip.IsUnspecified() || ip.Zone() != "" {
			return Peer{}, false
		}
	}
	return peerOf(a), true
}

// Poll turns the calls about connections that wait on or off. While they are on,
// it is called after each turn of the loop.
func (ln *Listener) Poll(on bool) (err error) {
	if on == ln.polled {
		return nil
	}
	if on {
		ln.token, err = ln.loop.Add(ln.fd, unix.EPOLLIN, func(uint32) { ln.arrived() })
	} else {
		ln.loop.Remove(ln.fd, ln.token)
	}
	ln.polled = on && err == nil
	return err
}

// Accept takes a connection, which is the caller's then, or returns ErrNone.
func (ln *Listener) Accept() (*Socket, error) {
	flags := unix.SOCK_CLOEXEC
	if ln.loop.file != nil { // it will have a goroutine
		flags |= unix.SOCK_NONBLOCK
	}
	fd, sa, err := unix.Accept4(ln.fd, flags)
	if err == unix.EAGAIN {
		return nil, ErrNone
	}
	if err != nil {
		return nil, os.NewSyscallError("accept", err)
	}
	s := &Socket{FD: fd, TLS: ln.TLS, nonblock: ln.loop.file != nil, Remote: sockaddrPeer(sa), Local: ln.localOf(fd)}
	if !s.Remote.Addr.IsValid() {
		s.Remote.User = userOf(fd)
	}
	return s, nil
}

// AcceptNow is Accept for a caller who has just made room for one more.
func (ln *Listener) AcceptNow() (*Socket, error) { return ln.Accept() }

// Rest takes the connections that wait already, as the last ones, and calls take
// with them, which are its then.
func (ln *Listener) Rest(take func([]*Socket)) {
	var all []*Socket
	for {
		s, err := ln.Accept()
		switch {
		case err == nil:
			all = append(all, s)
		case err == ErrNone || Dead(err) || Exhausted(err):
			take(all)
			return
		}
	}
}

func (ln *Listener) localOf(fd int) Peer {
	if ln.fixed {
		return ln.local
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Peer{Text: socket.Text(ln.Addr)}
	}
	return sockaddrPeer(sa)
}

// userOf is who is at the other end of a unix socket.
func userOf(fd int) *User {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil
	}
	return &User{PID: int(cred.Pid), UID: int(cred.Uid), GID: int(cred.Gid)}
}

// File is a copy of the listening socket, for another process.
func (ln *Listener) File() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(ln.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("copy listener %s: %w", ln.Addr, err)
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}

// Close closes the listening socket, and deletes its file. Another process may
// hold the same socket, so it is never shut down. Close may be called again.
func (ln *Listener) Close() error {
	if ln.fd < 0 {
		return nil
	}
	ln.Poll(false)
	unix.Close(ln.fd)
	ln.fd = -1
	return ln.remove()
}

// Leave is Close for a listener that another process has taken over: its file
// stays.
func (ln *Listener) Leave() {
	ln.remove = func() error { return nil }
	ln.Close()
}

// sockaddrPeer converts what accept4(2) and getsockname(2) return.
func sockaddrPeer(sa unix.Sockaddr) Peer {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return TCPPeer(netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr).Unmap()
		if a.ZoneId != 0 && ip.Is6() {
			ip = ip.WithZone(zone(a.ZoneId))
		}
		return TCPPeer(netip.AddrPortFrom(ip, uint16(a.Port)))
	case *unix.SockaddrUnix:
		return unixPeer(a.Name)
	}
	return Peer{Text: "unknown"}
}

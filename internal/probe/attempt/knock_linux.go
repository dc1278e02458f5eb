package attempt

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"

	"nettool/internal/socket"
)

// HalfOpen reports whether Level Syn works on this system.
const HalfOpen = true

func closeFD(fd int) { syscall.Close(fd) }

// knock connects l to at, or to a unix address's path. On failure l holds
// nothing but TCP_INFO. It makes the system calls itself because most attempts end
// within them: a closed port on this machine costs four, and the poller is not
// needed.
func (s *Spec) knock(ctx context.Context, l *link, to socket.Addr, at netip.AddrPort) error {
	if to.Network == "unix" {
		c, err := socket.DialOne(ctx, "unix", to.Path, socket.Options{})
		l.c = c
		return err
	}
	sa, family := sockaddr(at)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	l.fd, l.has = fd, true
	if s.Level == Syn {
		err = stayHalfOpen(fd)
	}
	far := !at.Addr().IsLoopback() // a peer on this machine answers itself
	if err == nil && far {
		err = hearErrors(fd, family == syscall.AF_INET6)
	}
	if err == nil {
		err = s.From.BindFD(fd, at.Addr())
	}
	if err == nil {
		err = l.await(ctx, sa)
	}
	if err != nil && far {
		l.said = heard(fd)
	}
	if err == nil {
		err = l.meet(at)
	}
	if err != nil {
		l.fail()
	}
	return err
}

// fail closes a link that did not connect. Of one that failed at once, TCP_INFO
// says nothing more than the error.
func (l *link) fail() {
	if l.file != nil {
		l.info()
	}
	l.told = true
	l.close()
}

// stayHalfOpen makes the kernel hold back the ACK that would complete the
// handshake, as if data were about to follow (tcp(7), TCP_QUICKACK), and makes
// close send a reset: if that comes first, the server never sees a connection.
func stayHalfOpen(fd int) error {
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 0); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	err := syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	return os.NewSyscallError("setsockopt", err)
}

// await connects. For a peer on this machine the second connect(2) has the answer
// already; otherwise the poller says when to ask again. Failures are asked for with
// SO_ERROR: a connect(2) that fails has the kernel forget what it has counted.
func (l *link) await(ctx context.Context, sa syscall.Sockaddr) error {
	err := syscall.Connect(l.fd, sa)
	if err == syscall.EINPROGRESS {
		err = syscall.Connect(l.fd, sa)
	}
	if !pending(err) {
		return err
	}
	f := os.NewFile(uintptr(l.fd), "socket")
	l.file = f
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { f.SetWriteDeadline(time.Unix(1, 0)) })
	var answer error
	err = raw.Write(func(fd uintptr) bool {
		answer = ask(int(fd), sa)
		return !pending(answer)
	})
	if !stop() && ctx.Err() != nil {
		return l.late(ctx)
	}
	if err != nil {
		return err
	}
	return answer
}

// ask returns what became of a connect: nil, or an error, which may be that it goes on.
func ask(fd int, sa syscall.Sockaddr) error {
	if err := failure(fd); err != nil {
		return err
	}
	err := syscall.Connect(fd, sa)
	if !pending(err) {
		return err
	}
	return cmp.Or(failure(fd), err) // it may have come while this connect(2) ran
}

// failure is why a socket cannot connect, or nil. That includes what the network said
// while connect(2) was sending: the kernel then only notes it, and would not tell
// before the next SYN has had the same answer.
func failure(fd int) error {
	n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	switch {
	case err != nil:
		return os.NewSyscallError("getsockopt", err)
	case n != 0:
		return syscall.Errno(n)
	}
	return nil
}

// late is the error of an attempt that ctx has ended: a timeout, unless the network
// has said why there was no answer.
func (l *link) late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		if err := failure(l.fd); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func pending(err error) bool { return err == syscall.EINPROGRESS || err == syscall.EALREADY }

// meet checks this end of a new connection. With nobody listening, the kernel may
// choose the target's own port as the source port, and TCP's simultaneous open then
// connects the socket to itself: that is a refusal.
func (l *link) meet(at netip.AddrPort) error {
	sa, err := syscall.Getsockname(l.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	self := addrPort(sa)
	l.own = self.Addr() == at.Addr().WithZone("")
	if l.own && self.Port() == at.Port() {
		return syscall.ECONNREFUSED
	}
	return nil
}

func addrPort(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

func sockaddr(at netip.AddrPort) (syscall.Sockaddr, int) {
	ip := at.Addr()
	if ip.Is4() {
		return &syscall.SockaddrInet4{Port: int(at.Port()), Addr: ip.As4()}, syscall.AF_INET
	}
	return &syscall.SockaddrInet6{Port: int(at.Port()), Addr: ip.As16(), ZoneId: socket.ZoneID(ip.Zone())}, syscall.AF_INET6
}

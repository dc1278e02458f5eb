package socket

import (
	"context"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// DialFD is DialTo without Go's poller. await waits until a descriptor can be
// written to, and ends early, with an error, when there is no need to connect any
// more; it may be called by several goroutines. The descriptor is the caller's,
// non-blocking and close-on-exec.
func DialFD(ctx context.Context, a Addr, candidates []netip.AddrPort, o Options, await func(ctx context.Context, fd int) error) (fd int, at netip.AddrPort, err error) {
	return raceTo(ctx, a, candidates, func(ctx context.Context, at netip.AddrPort) (int, error) {
		return o.dialFD(ctx, a, at, await)
	}, func(fd int) { unix.Close(fd) })
}

func (o Options) dialFD(ctx context.Context, a Addr, at netip.AddrPort, await func(context.Context, int) error) (int, error) {
	to, family, network := sockaddr(a, at)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = o.apply(uintptr(fd), network, false)
	if err == nil && at.IsValid() {
		err = o.bind(fd, at.Addr())
	}
	if err == nil {
		err = connectFD(ctx, fd, to, await)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// BindFD binds a socket that is to connect to an IP to the options' interface and
// source, and limits the hops of its packets. Their other parts are not looked at.
func (o Options) BindFD(fd int, peer netip.Addr) error {
	if o.Interface == "" && o.Source == (netip.AddrPort{}) && o.TTL == 0 {
		return nil
	}
	s := &setter{fd: fd}
	switch {
	case o.TTL == 0:
	case peer.Is4():
		s.set("IP_TTL", unix.SOL_IP, unix.IP_TTL, o.TTL)
	default:
		s.set("IPV6_UNICAST_HOPS", unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, o.TTL)
	}
	o.applyInterface(s)
	o.applySource(s)
	if s.err != nil {
		return s.err
	}
	return o.bind(fd, peer)
}

// bind gives a socket its source for a peer, if there is one.
func (o Options) bind(fd int, peer netip.Addr) error {
	source, _ := o.sourceFor(peer)
	if source == (netip.AddrPort{}) {
		return nil
	}
	ip := source.Addr().Unmap()
	if !ip.IsValid() && peer.Is4() {
		ip = netip.IPv4Unspecified()
	} else if !ip.IsValid() {
		ip = netip.IPv6Unspecified()
	}
	from, _, _ := sockaddr(Addr{}, netip.AddrPortFrom(ip, source.Port()))
	return os.NewSyscallError("bind", unix.Bind(fd, from))
}

// sockaddr is a candidate as the kernel takes it.
func sockaddr(a Addr, at netip.AddrPort) (to unix.Sockaddr, family int, network string) {
	switch ip := at.Addr(); {
	case !at.IsValid():
		return &unix.SockaddrUnix{Name: a.Path}, unix.AF_UNIX, "unix"
	case ip.Is4():
		return &unix.SockaddrInet4{Port: int(at.Port()), Addr: ip.As4()}, unix.AF_INET, "tcp4"
	default:
		return &unix.SockaddrInet6{Port: int(at.Port()), ZoneId: ZoneID(ip.Zone()), Addr: ip.As16()}, unix.AF_INET6, "tcp6"
	}
}

// ZoneID is the number of a zone's interface (RFC 4007, section 11.2), 0 when there is
// none. A zone that is a number already costs nothing: to find one takes a socket.
func ZoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, ok := number(zone); ok {
		return uint32(n)
	}
	iface, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(iface.Index)
}

// connectFD connects a non-blocking socket. The end of ctx ends it.
func connectFD(ctx context.Context, fd int, to unix.Sockaddr, await func(context.Context, int) error) error {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		unix.Shutdown(fd, unix.SHUT_RDWR) // wakes a wait for the connection
		close(over)
	})
	err := startFD(ctx, fd, to, await)
	if !stop() {
		<-over
		return ctx.Err()
	}
	return err
}

func startFD(ctx context.Context, fd int, to unix.Sockaddr, await func(context.Context, int) error) error {
	err := unix.Connect(fd, to)
	for delay := time.Millisecond; err == unix.EAGAIN; delay = min(2*delay, 50*time.Millisecond) { // a unix listener's backlog is full
		limited, cancel := context.WithTimeout(ctx, delay)
		waited := await(limited, -1)
		late := limited.Err()
		cancel()
		if ctx.Err() != nil || late == nil {
			return waited
		}
		err = unix.Connect(fd, to)
	}
	if err != unix.EINPROGRESS && err != unix.EINTR {
		return os.NewSyscallError("connect", err)
	}
	if err := await(ctx, fd); err != nil {
		return err
	}
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return os.NewSyscallError("connect", err)
}

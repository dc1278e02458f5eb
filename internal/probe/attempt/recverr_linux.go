package attempt

import (
	"encoding/binary"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// hearErrors has the kernel keep what ICMP says of a socket's packets, with its sender:
// of TCP's SYN, too (ip(7), ipv6(7), IP_RECVERR).
func hearErrors(fd int, is6 bool) error {
	level, option := unix.SOL_IP, unix.IP_RECVERR
	if is6 {
		level, option = unix.SOL_IPV6, unix.IPV6_RECVERR
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, 1))
}

// heard is the last that ICMP said of a socket's packets, or nil.
func heard(fd int) (last *ICMPError) {
	control := make([]byte, 512)
	for {
		_, n, _, _, err := unix.Recvmsg(fd, nil, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return last
		}
		if e := errorIn(control[:n]); e != nil {
			e.Own = e.From == own(fd)
			last = e
		}
	}
}

// errorIn is the ICMP error in a message of a socket's error queue, or nil.
func errorIn(control []byte) *ICMPError {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if e := parseError(m); e != nil {
			return e
		}
	}
	return nil
}

// parseError reads a struct sock_extended_err and the sockaddr of its sender. It
// returns nil for what is no ICMP error.
func parseError(m unix.SocketControlMessage) *ICMPError {
	const head = 16 // bytes before the sender
	v4 := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR
	v6 := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR
	if !v4 && !v6 || len(m.Data) < head {
		return nil
	}
	origin := m.Data[4]
	e := &ICMPError{V6: origin == unix.SO_EE_ORIGIN_ICMP6, Type: int(m.Data[5]), Code: int(m.Data[6])}
	if origin != unix.SO_EE_ORIGIN_ICMP && !e.V6 {
		return nil
	}
	if unix.Errno(binary.NativeEndian.Uint32(m.Data)) == unix.EMSGSIZE {
		e.MTU = int(binary.NativeEndian.Uint32(m.Data[8:]))
	}
	e.From = sender(m.Data[head:])
	return e
}

// sender reads a struct sockaddr_in or sockaddr_in6.
func sender(raw []byte) netip.Addr {
	switch {
	case len(raw) >= unix.SizeofSockaddrInet4 && binary.NativeEndian.Uint16(raw) == unix.AF_INET:
		return netip.AddrFrom4([4]byte(raw[4:8]))
	case len(raw) >= unix.SizeofSockaddrInet6 && binary.NativeEndian.Uint16(raw) == unix.AF_INET6:
		return netip.AddrFrom16([16]byte(raw[8:24])).Unmap()
	}
	return netip.Addr{}
}

// own is the address of this end of a socket.
func own(fd int) netip.Addr {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.Addr{}
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr).Unmap()
	}
	return netip.Addr{}
}

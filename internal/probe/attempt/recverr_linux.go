package attempt

import (
	"encoding/binary"
	"net/netip"
	"os"
	"time"

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
func heard(fd int) *ICMPError {
	_, e := queue(fd, func([]byte) bool { return true })
	return e
}

// queue empties a socket's error queue, which also has the time at which a packet was
// sent, if that was asked for (Linux, Documentation/networking/timestamping.rst). mine
// reports whether an error's packet is one of the socket's.
func queue(fd int, mine func(packet []byte) bool) (sent time.Time, last *ICMPError) {
	data, control := make([]byte, 256), make([]byte, 512)
	for {
		n, size, _, _, err := unix.Recvmsg(fd, data, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return sent, last
		}
		if at, ok := timeStamp(control[:size]); ok {
			sent = at
		}
		if e := errorIn(control[:size]); e != nil && mine(data[:n]) {
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

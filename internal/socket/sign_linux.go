package socket

import (
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sign has the segments to and from a peer signed (tcp(7), TCP_MD5SIG), or, of a listener,
// those of everybody of its family.
func (o Options) sign(c syscall.RawConn, network, peer string, listening bool) error {
	key := unix.TCPMD5Sig{Keylen: uint16(len(o.MD5))}
	if copy(key.Key[:], o.MD5) < len(o.MD5) {
		return &optionError{"TCP_MD5SIG", unix.EINVAL}
	}
	key.Addr.Family = unix.AF_INET
	if strings.HasSuffix(network, "6") {
		key.Addr.Family = unix.AF_INET6
	}
	option := unix.TCP_MD5SIG
	if listening {
		option, key.Flags = unix.TCP_MD5SIG_EXT, unix.TCP_MD5SIG_FLAG_PREFIX // a prefix of no bits
	} else if at, err := netip.ParseAddrPort(peer); err == nil {
		putAddress(&key, at.Addr().Unmap())
	}
	var inner error
	if err := c.Control(func(fd uintptr) { inner = unix.SetsockoptTCPMD5Sig(int(fd), unix.IPPROTO_TCP, option, &key) }); err != nil {
		return err
	}
	if inner != nil {
		return &optionError{"TCP_MD5SIG", inner}
	}
	return nil
}

// putAddress puts an address where sockaddr_in has it, behind the port, or sockaddr_in6,
// behind the port and the flow.
func putAddress(key *unix.TCPMD5Sig, ip netip.Addr) {
	start := 2
	if ip.Is6() {
		start = 6
	}
	copy(key.Addr.Data[start:], ip.AsSlice())
}

package socket

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Diag asks the kernel about TCP connections whose descriptors another process
// has (sock_diag(7)). The zero value is ready. Once the kernel has failed to answer,
// it is not asked again. Diag is not safe for concurrent use.
type Diag struct {
	fd    int // of a netlink socket plus one, so that zero is none
	mute  bool
	reply [4096]byte
}

// The request and its parts (linux/inet_diag.h): a netlink header, then
// struct inet_diag_req_v2.
const (
	diagByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	diagInfo      = 2  // INET_DIAG_INFO
	diagHeader    = 16 // sizeof(struct nlmsghdr)
	diagRequest   = diagHeader + 56
	diagResponse  = diagHeader + 72 // where attributes begin
	diagNoCookie  = 0xffffffff
	diagAllStates = 0xffffffff
	tcpListen     = 10 // net/tcp_states.h
)

// Info reads TCP_INFO of the connection from local, which is ours, to remote. ok is
// false if there is none or the kernel does not answer.
func (d *Diag) Info(local, remote netip.AddrPort) (info TCPInfo, ok bool) {
	if d.mute || !local.IsValid() || !remote.IsValid() || !d.open() {
		return TCPInfo{}, false
	}
	request := diagQuery(local, remote)
	if err := unix.Sendto(d.fd-1, request[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		d.mute = true
		return TCPInfo{}, false
	}
	n, _, err := unix.Recvfrom(d.fd-1, d.reply[:], 0)
	if err != nil {
		d.mute = true
		return TCPInfo{}, false
	}
	info, ok = parseDiag(d.reply[:n])
	return info, ok && info.State != tcpListen // a connection that is gone finds its listener
}

// Close releases the netlink socket.
func (d *Diag) Close() {
	if d.fd > 0 {
		_ = unix.Close(d.fd - 1)
		d.fd = 0
	}
}

func (d *Diag) open() bool {
	if d.fd > 0 {
		return true
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		d.mute = true
		return false
	}
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1})
	d.fd = fd + 1
	return true
}

// diagQuery asks for the one connection with these addresses.
func diagQuery(local, remote netip.AddrPort) (q [diagRequest]byte) {
	binary.NativeEndian.PutUint32(q[0:], diagRequest)
	binary.NativeEndian.PutUint16(q[4:], diagByFamily)
	binary.NativeEndian.PutUint16(q[6:], unix.NLM_F_REQUEST)
	b := q[diagHeader:]
	b[0], b[1], b[2] = unix.AF_INET6, unix.IPPROTO_TCP, 1<<(diagInfo-1)
	if local.Addr().Is4() {
		b[0] = unix.AF_INET
	}
	binary.NativeEndian.PutUint32(b[4:], diagAllStates)
	binary.BigEndian.PutUint16(b[8:], local.Port())
	binary.BigEndian.PutUint16(b[10:], remote.Port())
	copy(b[12:28], local.Addr().AsSlice())
	copy(b[28:44], remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(b[48:], diagNoCookie)
	binary.NativeEndian.PutUint32(b[52:], diagNoCookie)
	return q
}

// parseDiag finds the TCP_INFO among the attributes of an answer.
func parseDiag(b []byte) (TCPInfo, bool) {
	if len(b) < diagResponse || binary.NativeEndian.Uint16(b[4:]) != diagByFamily {
		return TCPInfo{}, false
	}
	for attrs := b[diagResponse:]; len(attrs) >= 4; {
		size, kind := int(binary.NativeEndian.Uint16(attrs)), binary.NativeEndian.Uint16(attrs[2:])
		if size < 4 || size > len(attrs) {
			break
		}
		if kind == diagInfo {
			var raw unix.TCPInfo
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&raw)), unsafe.Sizeof(raw)), attrs[4:size])
			return infoOf(&raw), true
		}
		attrs = attrs[min((size+3)&^3, len(attrs)):]
	}
	return TCPInfo{}, false
}

//go:build !portable

package loop

import (
	"bytes"
	"net/netip"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch are datagrams of one system call.
type batch struct {
	headers []header
	slots   []slot
	iovecs  []unix.Iovec // where each datagram is
	data    []byte       // of those that come, Largest bytes each
}

// header is struct mmsghdr.
type header struct {
	unix.Msghdr
	size uint32
}

// slot is what a header points to.
type slot struct {
	name    unix.RawSockaddrAny
	control [64]byte // an address of ours, and the size of segments
	to      Envelope
}

// batched is how many datagrams one system call takes. The kernel takes as many segments
// (UDP_MAX_SEGMENTS, 64).
const batched = 32

func newBatch(data bool) batch {
	b := batch{headers: make([]header, batched), slots: make([]slot, batched), iovecs: make([]unix.Iovec, batched)}
	if data {
		b.data = make([]byte, batched*Largest) // the kernel touches what it fills
	}
	for i := range b.iovecs {
		if data {
			b.iovecs[i].Base = &b.data[i*Largest]
			b.iovecs[i].SetLen(Largest)
		}
		b.point(i, i, 1)
	}
	return b
}

// point has a header be of n datagrams from a slot on.
func (b *batch) point(header, slot, n int) *unix.Msghdr {
	h := &b.headers[header].Msghdr
	h.Name = (*byte)(unsafe.Pointer(&b.slots[slot].name))
	h.Iov = &b.iovecs[slot]
	h.SetIovlen(n)
	return h
}

// envelope reads what has come with a datagram.
func (m *Mailbox) envelope(h *header, s *slot) (e Envelope, ok bool) {
	if m.path != "" {
		return UnixEnvelope(Paths{Peer: s.path(h.Namelen), Local: m.path}), true
	}
	e.Local, e.Port = m.local, m.port
	if e.Peer, e.Index = s.other(); !e.Peer.IsValid() {
		return e, false
	}
	if m.wild {
		e.Local = m.destination(s.control[:h.Controllen])
	}
	return e, e.Peer.Port() != 0 // nobody can be answered at port 0
}

// other is the other end that a slot names, and its interface if it has a link-local
// address; not valid for an address of another kind.
func (s *slot) other() (peer netip.AddrPort, index uint32) {
	switch s.name.Addr.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name))
		peer = netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port(four.Port))
	case unix.AF_INET6:
		six := (*unix.RawSockaddrInet6)(unsafe.Pointer(&s.name))
		ip := netip.AddrFrom16(six.Addr).Unmap()
		peer = netip.AddrPortFrom(ip, port(six.Port))
		if ip.IsLinkLocalUnicast() {
			index = six.Scope_id
		}
	}
	return peer, index
}

// path is the name of the unix socket that a slot names, of so many bytes with its family,
// or empty: a socket need not have one.
func (s *slot) path(size uint32) string {
	const family = unsafe.Sizeof(unix.RawSockaddrUnix{}.Family)
	at := (*unix.RawSockaddrUnix)(unsafe.Pointer(&s.name))
	size -= min(size, uint32(family))
	name := unsafe.Slice((*byte)(unsafe.Pointer(&at.Path[0])), min(int(size), len(at.Path)))
	if len(name) > 0 && name[0] != 0 { // a path ends with a zero byte, an abstract name where it ends
		name, _, _ = bytes.Cut(name, []byte{0})
	}
	return string(name)
}

// kernelName is the kernel's form of a name in which @ stands for a zero byte.
func kernelName(name string) string {
	if rest, ok := strings.CutPrefix(name, "@"); ok {
		return "\x00" + rest
	}
	return name
}

// unixName writes a name as sendto(2) takes it, and returns how long that is with its
// family. Names that came from the kernel fit.
func unixName(to *unix.RawSockaddrUnix, name string) (size uintptr) {
	*to = unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	n := copy(unsafe.Slice((*byte)(unsafe.Pointer(&to.Path[0])), len(to.Path)), name)
	if name[0] != 0 && n < len(to.Path) {
		n++
	}
	return unsafe.Sizeof(to.Family) + uintptr(n)
}

// destination is the address of ours that IP_PKTINFO, or IPV6_PKTINFO, names, and from
// which to answer.
func (m *Mailbox) destination(control []byte) (ip netip.Addr) {
	for len(control) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return ip
		}
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			ip = netip.AddrFrom4((*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])).Spec_dst)
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			ip = netip.AddrFrom16((*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])).Addr).Unmap()
		}
		control = rest
	}
	if ip.IsMulticast() { // the kernel chooses where the answer comes from
		return netip.Addr{}
	}
	if len(m.asked) < batched {
		m.asked[ip] = struct{}{}
	}
	return ip
}

// port is a number in the order of the network.
func port(n uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&n))
	return uint16(b[0])<<8 | uint16(b[1])
}

// address writes the envelope of what leaves as one message: datagrams of segment bytes
// each, or one datagram when that is zero.
func (m *Mailbox) address(h *unix.Msghdr, s *slot, segment int) {
	ip := s.to.Peer.Addr()
	if m.six {
		*(*unix.RawSockaddrInet6)(unsafe.Pointer(&s.name)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port(s.to.Peer.Port()), Addr: ip.As16(), Scope_id: s.to.Index}
		h.Namelen = unix.SizeofSockaddrInet6
	} else {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port(s.to.Peer.Port()), Addr: ip.As4()}
		h.Namelen = unix.SizeofSockaddrInet4
	}
	h.Control = nil
	h.SetControllen(0)
	switch local := s.to.Local; {
	case !m.wild || !local.IsValid():
	case m.six:
		*(*unix.Inet6Pktinfo)(s.message(h, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)) = unix.Inet6Pktinfo{Addr: local.As16(), Ifindex: s.to.Index}
	default:
		*(*unix.Inet4Pktinfo)(s.message(h, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)) = unix.Inet4Pktinfo{Spec_dst: local.As4()}
	}
	if segment > 0 {
		*(*uint16)(s.message(h, unix.SOL_UDP, unix.UDP_SEGMENT, 2)) = uint16(segment)
	}
}

// message adds a control message to a slot's header (cmsg(3)), and returns where its data
// go.
func (s *slot) message(h *unix.Msghdr, level, kind int32, size int) unsafe.Pointer {
	at := int(h.Controllen)
	c := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[at]))
	c.Level, c.Type = level, kind
	c.SetLen(unix.CmsgLen(size))
	h.Control = &s.control[0]
	h.SetControllen(at + unix.CmsgSpace(size))
	return unsafe.Pointer(&s.control[at+unix.CmsgLen(0)])
}

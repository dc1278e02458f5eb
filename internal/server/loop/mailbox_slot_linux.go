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
	data    []byte // of those that come, Largest bytes each
}

// header is struct mmsghdr.
type header struct {
	unix.Msghdr
	size uint32
}

// slot is what a header points to.
type slot struct {
	name    unix.RawSockaddrAny
	iov     unix.Iovec
	control [64]byte
	to      Envelope
}

// batched is how many datagrams one system call takes.
const batched = 32

func newBatch(data bool) batch {
	b := batch{headers: make([]header, batched), slots: make([]slot, batched)}
	if data {
		b.data = make([]byte, batched*Largest) // the kernel touches what it fills
	}
	for i := range b.headers {
		h, s := &b.headers[i].Msghdr, &b.slots[i]
		h.Name = (*byte)(unsafe.Pointer(&s.name))
		h.Iov = &s.iov
		h.SetIovlen(1)
		if data {
			s.iov.Base = &b.data[i*Largest]
			s.iov.SetLen(Largest)
		}
	}
	return b
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

// address writes a datagram's envelope.
func (m *Mailbox) address(h *unix.Msghdr, s *slot, to Envelope, datagram []byte) {
	s.to = to
	s.iov.Base = unsafe.SliceData(datagram)
	s.iov.SetLen(len(datagram))
	ip := to.Peer.Addr()
	if m.six {
		*(*unix.RawSockaddrInet6)(unsafe.Pointer(&s.name)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port(to.Peer.Port()), Addr: ip.As16(), Scope_id: to.Index}
		h.Namelen = unix.SizeofSockaddrInet6
	} else {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port(to.Peer.Port()), Addr: ip.As4()}
		h.Namelen = unix.SizeofSockaddrInet4
	}
	h.Control = nil
	h.SetControllen(0)
	if !m.wild || !to.Local.IsValid() {
		return
	}
	h.Control = &s.control[0]
	if m.six {
		*(*unix.Inet6Pktinfo)(s.message(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)) = unix.Inet6Pktinfo{Addr: to.Local.As16(), Ifindex: to.Index}
		h.SetControllen(unix.CmsgSpace(unix.SizeofInet6Pktinfo))
	} else {
		*(*unix.Inet4Pktinfo)(s.message(unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)) = unix.Inet4Pktinfo{Spec_dst: to.Local.As4()}
		h.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	}
}

// message begins the one control message of a slot (cmsg(3)), and returns where its data
// go.
func (s *slot) message(level, kind int32, size int) unsafe.Pointer {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&s.control[0]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(size))
	return unsafe.Pointer(&s.control[unix.CmsgLen(0)])
}

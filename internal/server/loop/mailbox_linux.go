//go:build !portable

package loop

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// Mailbox is a datagram socket that belongs to a loop. Several datagrams are taken, and
// sent, with one system call (recvmmsg(2), sendmmsg(2)).
type Mailbox struct {
	Addr net.Addr

	loop   *Loop
	mail   Mail
	fd     int
	token  uint64 // of its watch
	polled bool   // what comes is taken
	full   bool   // the socket takes no more: its watch tells when it does
	port   uint16
	local  netip.Addr // that all datagrams are sent to; invalid on a wildcard address
	six    bool

	in      batch
	room    int // for how many of in the next call asks
	out     batch
	count   int                     // of out that are to be sent
	backlog []parcel                // that wait until the socket takes them
	waiting int                     // bytes of those
	asked   map[netip.Addr]struct{} // addresses of ours, on a wildcard address
}

// parcel is a datagram that is to be sent.
type parcel struct {
	to   Envelope
	data []byte
}

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
	name    unix.RawSockaddrInet6 // or the shorter one of IPv4
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

// Mailbox takes over a datagram socket, also when it fails.
func (l *Loop) Mailbox(c *net.UDPConn, mail Mail) (*Mailbox, error) {
	addr := c.LocalAddr()
	fd, err := socket.DetachPacket(c)
	if err != nil {
		return nil, err
	}
	m := &Mailbox{Addr: addr, loop: l, mail: mail, fd: fd, in: newBatch(true), room: 1, out: newBatch(false), asked: map[netip.Addr]struct{}{}}
	if err := unix.SetNonblock(fd, false); err != nil { // no call of ours waits; a program's may
		unix.Close(fd)
		return nil, err
	}
	at := addr.(*net.UDPAddr).AddrPort()
	ip := at.Addr()
	m.port = at.Port()
	m.six = ip.Is6() && !ip.Is4In6()
	if !ip.IsUnspecified() {
		m.local = ip.Unmap().WithZone("")
	}
	return m, nil
}

// Poll has what comes taken, from now on.
func (m *Mailbox) Poll() error {
	if m.polled {
		return nil
	}
	m.polled = true
	err := m.watch()
	m.polled = err == nil
	return err
}

// Settle takes all that has come already.
func (m *Mailbox) Settle() {
	for m.polled && m.receive() {
	}
}

// Leave polls no more. What is sent leaves still.
func (m *Mailbox) Leave() {
	if m.polled {
		m.polled = false
		m.watch()
	}
}

// watch waits for what there is to wait for.
func (m *Mailbox) watch() (err error) {
	if m.token != 0 {
		m.loop.Remove(m.fd, m.token)
		m.token = 0
	}
	events := uint32(0)
	if m.polled {
		events = unix.EPOLLIN
	}
	if m.full {
		events |= unix.EPOLLOUT
	}
	if events != 0 {
		m.token, err = m.loop.Add(m.fd, events, m.happened)
	}
	return err
}

// happened looks at what a watch has told.
func (m *Mailbox) happened(events uint32) {
	if events&unix.EPOLLERR != 0 {
		m.errors()
	}
	if events&unix.EPOLLOUT != 0 {
		m.resume()
	}
	switch {
	case events&unix.EPOLLIN == 0 || !m.polled:
	case m.mail.Waiting != nil:
		m.mail.Waiting()
	default:
		m.receive()
	}
}

// receive takes a batch. It reports whether there may be more.
func (m *Mailbox) receive() (more bool) {
	n, err := m.next(m.room, 0)
	if err != 0 { // nothing there, or what ICMP has said of one that was sent: see errors
		return answered(err) || err == unix.EINTR
	}
	for i := range n {
		h, s := &m.in.headers[i], &m.in.slots[i]
		if e, ok := m.envelope(h, s); ok {
			m.mail.Take(e, m.in.data[i*Largest:][:h.size])
		}
	}
	m.Flush()
	m.mail.Taken()
	if more = n == m.room; more {
		m.room = min(2*m.room, batched)
	} else { // to look for one more costs as much as to take one
		m.room = n
	}
	return more
}

// next takes up to room datagrams, or looks at them only, with MSG_PEEK.
func (m *Mailbox) next(room, flags int) (n int, err unix.Errno) {
	for i := range room {
		h, s := &m.in.headers[i].Msghdr, &m.in.slots[i]
		h.Namelen = unix.SizeofSockaddrInet6
		if !m.local.IsValid() {
			h.Control = &s.control[0]
			h.SetControllen(len(s.control))
		}
	}
	// None of these calls waits, so the scheduler need not know of them.
	got, _, err := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(m.fd), uintptr(unsafe.Pointer(&m.in.headers[0])), uintptr(room), uintptr(unix.MSG_DONTWAIT|flags), 0, 0)
	return int(got), err
}

// Peek is the datagram that waits, and stays. It is the mailbox's again with the next
// call.
func (m *Mailbox) Peek() (e Envelope, datagram []byte, err error) {
	if _, errno := m.next(1, unix.MSG_PEEK); errno != 0 {
		return e, nil, errno
	}
	h := &m.in.headers[0]
	e, _ = m.envelope(h, &m.in.slots[0])
	return e, m.in.data[:h.size], nil
}

// Discard throws the datagram away that waits.
func (m *Mailbox) Discard() { m.next(1, 0) }

// Duplicate is a copy of the socket.
func (m *Mailbox) Duplicate() (int, error) {
	return unix.FcntlInt(uintptr(m.fd), unix.F_DUPFD_CLOEXEC, 3)
}

// envelope reads what has come with a datagram.
func (m *Mailbox) envelope(h *header, s *slot) (e Envelope, ok bool) {
	e.Local, e.Port = m.local, m.port
	if e.Peer, e.Index = s.other(); !e.Peer.IsValid() {
		return e, false
	}
	if !e.Local.IsValid() {
		e.Local = m.destination(s.control[:h.Controllen])
	}
	return e, e.Peer.Port() != 0 // nobody can be answered at port 0
}

// other is the other end that a slot names, and its interface if it has a link-local
// address; not valid for an address of another kind.
func (s *slot) other() (peer netip.AddrPort, index uint32) {
	switch s.name.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name))
		peer = netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port(four.Port))
	case unix.AF_INET6:
		ip := netip.AddrFrom16(s.name.Addr).Unmap()
		peer = netip.AddrPortFrom(ip, port(s.name.Port))
		if ip.IsLinkLocalUnicast() {
			index = s.name.Scope_id
		}
	}
	return peer, index
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

// Send has a datagram leave with the next Flush. It must not change until then. It is
// false for one that has no place any more.
func (m *Mailbox) Send(to Envelope, datagram []byte) bool {
	if m.full {
		if m.waiting+len(datagram) > backlogged {
			return false
		}
		m.keep(to, datagram)
		return true
	}
	if m.count == batched {
		m.Flush()
		if m.full {
			return m.Send(to, datagram)
		}
	}
	m.address(&m.out.headers[m.count].Msghdr, &m.out.slots[m.count], to, datagram)
	m.count++
	return true
}

// keep has a datagram wait in the backlog.
func (m *Mailbox) keep(to Envelope, datagram []byte) {
	m.backlog = append(m.backlog, parcel{to, append([]byte(nil), datagram...)})
	m.waiting += len(datagram)
}

// address writes a datagram's envelope.
func (m *Mailbox) address(h *unix.Msghdr, s *slot, to Envelope, datagram []byte) {
	s.to = to
	s.iov.Base = unsafe.SliceData(datagram)
	s.iov.SetLen(len(datagram))
	ip := to.Peer.Addr()
	if m.six {
		s.name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port(to.Peer.Port()), Addr: ip.As16(), Scope_id: to.Index}
		h.Namelen = unix.SizeofSockaddrInet6
	} else {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&s.name)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port(to.Peer.Port()), Addr: ip.As4()}
		h.Namelen = unix.SizeofSockaddrInet4
	}
	h.Control = nil
	h.SetControllen(0)
	if m.local.IsValid() || !to.Local.IsValid() {
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

// Flush sends what is to be sent.
func (m *Mailbox) Flush() {
	tried := -1
	for at := 0; at < m.count; {
		n, _, err := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(m.fd), uintptr(unsafe.Pointer(&m.out.headers[at])), uintptr(m.count-at), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch {
		case err == 0:
			at += int(n)
		case err == unix.EINTR:
		case err == unix.EAGAIN || err == unix.ENOBUFS:
			m.stand(at)
			return
		case answered(err) && tried < at:
			tried = at // it was perhaps of an earlier one, which this one has told
			m.errors()
		default:
			m.mail.Lost(m.out.slots[at].to, os.NewSyscallError("sendmsg", err))
			at++
		}
	}
	m.count = 0
}

// stand keeps what the socket does not take now.
func (m *Mailbox) stand(at int) {
	for i := at; i < m.count; i++ {
		s := &m.out.slots[i]
		m.keep(s.to, unsafe.Slice(s.iov.Base, s.iov.Len))
	}
	m.count = 0
	m.full = true
	if m.watch() != nil {
		m.full, m.backlog, m.waiting = false, nil, 0
	}
}

// resume sends what has waited.
func (m *Mailbox) resume() {
	backlog := m.backlog
	m.full, m.backlog, m.waiting = false, nil, 0
	m.watch()
	for _, p := range backlog {
		m.Send(p.to, p.data)
	}
	m.Flush()
}

// File is a copy of the socket, for another process.
func (m *Mailbox) File() (*os.File, error) {
	fd, err := m.Duplicate()
	if err != nil {
		return nil, fmt.Errorf("copy datagram socket %s: %w", m.Addr, err)
	}
	return os.NewFile(uintptr(fd), "datagrams"), nil
}

// Close closes the socket. It may be called again.
func (m *Mailbox) Close() {
	if m.fd < 0 {
		return
	}
	m.polled, m.full = false, false
	m.watch()
	unix.Close(m.fd)
	m.fd = -1
}

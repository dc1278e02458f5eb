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
// sent, with one system call (recvmmsg(2), sendmmsg(2)), and what leaves for one peer
// together is one message to the kernel (UDP_SEGMENT). The counterpart for what comes,
// UDP_GRO, is not asked for: programs that are given the socket would have to know of it.
type Mailbox struct {
	Addr net.Addr

	loop   *Loop
	mail   Mail
	fd     int
	remove func() error // its socket file
	token  uint64       // of its watch
	polled bool         // what comes is taken
	full   bool         // the socket takes no more: its watch tells when it does
	port   uint16
	local  netip.Addr // that all datagrams are sent to; invalid on a wildcard address
	six    bool
	wild   bool   // each datagram tells which address of ours it was sent to
	path   string // of a unix socket, as the kernel has it

	in      batch
	room    int // for how many of in the next call asks
	out     batch
	count   int                     // of out that are to be sent
	segment int                     // bytes of the longest datagrams that leave together; see pack
	backlog []parcel                // that wait until the socket takes them
	waiting int                     // bytes of those
	asked   map[netip.Addr]struct{} // addresses of ours, on a wildcard address
	late    late
}

// Mailbox takes over a datagram socket, also when it fails.
func (l *Loop) Mailbox(p socket.Packet, mail Mail) (*Mailbox, error) {
	m := &Mailbox{Addr: p.LocalAddr(), loop: l, mail: mail, in: newBatch(true), room: 1, out: newBatch(false), asked: map[netip.Addr]struct{}{}}
	var err error
	if m.fd, m.remove, err = socket.DetachPacket(p); err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(m.fd, false); err != nil { // no call of ours waits; a program's may
		m.Close()
		return nil, err
	}
	switch a := m.Addr.(type) {
	case *net.UnixAddr:
		m.path = kernelName(a.Name)
	case *net.UDPAddr:
		m.place(a.AddrPort())
		m.segment = segments(m.fd)
	}
	return m, nil
}

// Path is the name of a unix socket, as the kernel has it, or empty.
func (m *Mailbox) Path() string { return m.path }

// place is where a socket of UDP is.
func (m *Mailbox) place(at netip.AddrPort) {
	ip := at.Addr()
	m.port = at.Port()
	m.six = ip.Is6() && !ip.Is4In6()
	if m.wild = ip.IsUnspecified(); !m.wild {
		m.local = ip.Unmap().WithZone("")
	}
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
		switch e, ok := m.envelope(h, s); {
		case !ok:
		case h.Flags&unix.MSG_TRUNC != 0:
			m.mail.Cut(e)
		default:
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
		h.Namelen = unix.SizeofSockaddrAny
		if m.wild {
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

// File is a copy of the socket, for another process.
func (m *Mailbox) File() (*os.File, error) {
	fd, err := m.Duplicate()
	if err != nil {
		return nil, fmt.Errorf("copy datagram socket %s: %w", socket.Text(m.Addr), err)
	}
	return os.NewFile(uintptr(fd), "datagrams"), nil
}

// LeaveFile leaves the socket's file to a successor.
func (m *Mailbox) LeaveFile() { m.remove = func() error { return nil } }

// Close closes the socket, and removes its file. It may be called again.
func (m *Mailbox) Close() error {
	if m.fd < 0 {
		return nil
	}
	m.polled, m.full = false, false
	m.watch()
	m.late.end(m.loop)
	err := m.remove()
	unix.Close(m.fd)
	m.fd = -1
	return err
}

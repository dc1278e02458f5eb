//go:build !portable

package loop

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parcel is a datagram that is to be sent.
type parcel struct {
	to   Envelope
	data []byte
}

// Send has a datagram leave with the next Flush. It must not change until then. It is
// false for one that has no place any more.
func (m *Mailbox) Send(to Envelope, datagram []byte) bool {
	if m.path != "" {
		return m.sendUnix(to, datagram)
	}
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
	m.out.slots[m.count].to = to
	iov := &m.out.iovecs[m.count]
	iov.Base = unsafe.SliceData(datagram)
	iov.SetLen(len(datagram))
	m.count++
	return true
}

// keep has a datagram wait in the backlog.
func (m *Mailbox) keep(to Envelope, datagram []byte) {
	m.backlog = append(m.backlog, parcel{to, append([]byte(nil), datagram...)})
	m.waiting += len(datagram)
}

// Flush sends what is to be sent.
func (m *Mailbox) Flush() {
	m.tell()
	tried := -1
	for at := 0; at < m.count; {
		messages := m.pack(at)
		n, _, err := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(m.fd), uintptr(unsafe.Pointer(&m.out.headers[0])), uintptr(messages), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		first := &m.out.headers[0]
		switch {
		case err == 0:
			for i := range n {
				at += int(m.out.headers[i].Iovlen)
			}
		case err == unix.EINTR:
		case err == unix.EAGAIN || err == unix.ENOBUFS:
			m.stand(at)
			return
		case answered(err) && tried < at:
			tried = at // it was perhaps of an earlier one, which this one has told
			m.errors()
		case first.Iovlen > 1: // longer than the way there takes, or not for that interface
			m.segment = int(m.out.iovecs[at].Len) - 1
		default:
			m.mail.Lost(m.out.slots[at].to, os.NewSyscallError("sendmsg", err))
			at++
		}
	}
	m.count = 0
}

// pack writes the headers of what leaves from a slot on, and returns how many. Datagrams
// of one size that follow each other to one peer are one message, which the kernel, or
// the interface, cuts into segments (UDP_SEGMENT, udp(7)).
func (m *Mailbox) pack(slot int) (headers int) {
	for slot < m.count {
		n, size := m.alike(slot), 0
		if n > 1 {
			size = int(m.out.iovecs[slot].Len)
		}
		m.address(m.out.point(headers, slot, n), &m.out.slots[slot], size)
		headers++
		slot += n
	}
	return headers
}

// alike is how many datagrams, from a slot on, can leave as one message. The last one may
// be shorter.
func (m *Mailbox) alike(slot int) (n int) {
	size := int(m.out.iovecs[slot].Len)
	if size > m.segment {
		return 1
	}
	total := size
	for n = 1; slot+n < m.count && m.out.slots[slot+n].to == m.out.slots[slot].to; n++ {
		next := int(m.out.iovecs[slot+n].Len)
		if total += next; next == 0 || next > size || total > largestMessage {
			break
		}
		if next < size {
			return n + 1
		}
	}
	return n
}

// largestMessage bounds the segments of one message together, in bytes: what UDP sends
// over IPv4.
const largestMessage = 65_507

// segments is the longest segment to try: nothing where the kernel cuts none, before Linux
// 4.18.
func segments(fd int) int {
	if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT); err != nil {
		return 0
	}
	return largestMessage
}

// stand keeps what the socket does not take now.
func (m *Mailbox) stand(at int) {
	for i := at; i < m.count; i++ {
		iov := m.out.iovecs[i]
		m.keep(m.out.slots[i].to, unsafe.Slice(iov.Base, iov.Len))
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

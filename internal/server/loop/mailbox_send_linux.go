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
	m.address(&m.out.headers[m.count].Msghdr, &m.out.slots[m.count], to, datagram)
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

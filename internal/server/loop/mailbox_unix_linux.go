//go:build !portable

package loop

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// late are datagrams for unix sockets whose owners have not read earlier ones. Such a
// socket takes a few (net.unix.max_dgram_qlen), and nobody is told when it takes more: it
// is tried again, more and more rarely. One peer's do not hold up another's.
type late struct {
	queues map[string]*lateQueue // by the peer's name
	timer  *Timer
	wait   time.Duration
	failed []failure // what could not be sent, and was not told yet
}

// lateQueue is what waits for one peer.
type lateQueue struct {
	parcels []parcel
	bytes   int
	since   time.Time // when it took the last one
}

// failure is a datagram that could not be sent, and why.
type failure struct {
	to  Envelope
	err error
}

const (
	// mostLate bounds what waits for one peer, in bytes.
	mostLate = backlogged / 4
	// firstRetry and lastRetry are how long to wait before trying again, at first and at
	// most.
	firstRetry, lastRetry = time.Millisecond, 64 * time.Millisecond
	// tooLate is for how long a peer can leave all unread until what waits is given up.
	tooLate = 30 * time.Second
)

// sendUnix sends to a unix socket. It is false for what has no place, or is for nobody.
func (m *Mailbox) sendUnix(to Envelope, datagram []byte) bool {
	p, ok := to.Unix()
	if !ok || p.Peer == "" {
		return false
	}
	if q := m.late.queues[p.Peer]; q != nil {
		return m.postpone(q, to, datagram)
	}
	switch err := m.sendTo(p.Peer, datagram); err {
	case 0:
	case unix.EAGAIN, unix.ENOBUFS:
		q := &lateQueue{since: time.Now()}
		if m.late.queues == nil {
			m.late.queues = map[string]*lateQueue{}
		}
		m.late.queues[p.Peer] = q
		if m.late.timer == nil {
			m.late.wait = firstRetry
			m.late.timer = m.loop.After(m.late.wait, m.retry)
		}
		return m.postpone(q, to, datagram)
	default:
		m.late.failed = append(m.late.failed, failure{to, os.NewSyscallError("sendto", err)})
	}
	return true
}

func (m *Mailbox) sendTo(name string, datagram []byte) unix.Errno {
	var at unix.RawSockaddrUnix
	size := unixName(&at, name)
	for {
		_, _, err := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(m.fd), uintptr(unsafe.Pointer(unsafe.SliceData(datagram))), uintptr(len(datagram)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&at)), size)
		if err != unix.EINTR {
			return err
		}
	}
}

// postpone has a datagram wait for its peer.
func (m *Mailbox) postpone(q *lateQueue, to Envelope, datagram []byte) bool {
	if q.bytes+len(datagram) > mostLate || m.waiting+len(datagram) > backlogged {
		return false
	}
	q.parcels = append(q.parcels, parcel{to, append([]byte(nil), datagram...)})
	q.bytes += len(datagram)
	m.waiting += len(datagram)
	return true
}

// retry tries what waits, and says what has become of it.
func (m *Mailbox) retry() {
	moved := false
	for name, q := range m.late.queues {
		moved = m.deliver(name, q) || moved
		if len(q.parcels) == 0 {
			delete(m.late.queues, name)
		}
	}
	m.late.timer = nil
	if len(m.late.queues) > 0 {
		if m.late.wait = min(2*m.late.wait, lastRetry); moved {
			m.late.wait = firstRetry
		}
		m.late.timer = m.loop.After(m.late.wait, m.retry)
	}
	m.tell()
}

// deliver sends a peer what it takes. It reports whether that was any.
func (m *Mailbox) deliver(name string, q *lateQueue) (moved bool) {
	for len(q.parcels) > 0 {
		p := q.parcels[0]
		err := m.sendTo(name, p.data)
		if (err == unix.EAGAIN || err == unix.ENOBUFS) && time.Since(q.since) < tooLate {
			return moved
		}
		if err != 0 {
			m.late.failed = append(m.late.failed, failure{p.to, os.NewSyscallError("sendto", err)})
		} else {
			q.since, moved = time.Now(), true
		}
		q.parcels = q.parcels[1:]
		q.bytes -= len(p.data)
		m.waiting -= len(p.data)
	}
	return moved
}

// tell says what could not be sent.
func (m *Mailbox) tell() {
	failed := m.late.failed
	m.late.failed = nil
	for _, f := range failed {
		m.mail.Lost(f.to, f.err)
	}
}

// end gives up what waits.
func (l *late) end(loop *Loop) {
	loop.Cancel(l.timer)
	*l = late{}
}

//go:build !portable

package talk

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"nettool/internal/server/loop"
)

// Pairs reports whether conversations can be run by programs, and forwarded.
const Pairs = true

// pair leads to the program that runs a conversation: our end. On both a message is a
// datagram, and there is no end that could be seen.
type pair struct {
	fd      int
	theirs  int // a copy of the other end: what is not read there is not lost
	token   uint64
	queue   [][]byte // that it does not take now
	queued  int      // bytes of those
	waiting bool     // the watch tells when it does
}

const (
	// mostQueued bounds what waits for a program, in bytes: as a socket's
	// own buffer would be, it is lost beyond.
	mostQueued = 1 << 18
	// pairBuffer is how much is on its way each way, in bytes.
	pairBuffer = 1 << 18
)

// rooms are buffers for what comes over one pair, until it has been sent.
type rooms struct{ bytes []byte }

// together is how many datagrams of one pair are passed on together.
const together = 16

func (r *rooms) room(i int) []byte {
	if r.bytes == nil {
		r.bytes = make([]byte, together*loop.Largest) // the kernel touches what it fills
	}
	return r.bytes[i*loop.Largest:][:loop.Largest]
}

// open makes a conversation's pair. The other end is its connection's socket.
func (t *Talks) open(k *Talk) error {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	for _, fd := range ends {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, pairBuffer)
	}
	k.pair.fd, k.pair.theirs, k.conn.FD = ends[0], -1, ends[1]
	if k.pair.theirs, err = unix.FcntlInt(uintptr(ends[1]), unix.F_DUPFD_CLOEXEC, 3); err == nil {
		err = unix.SetNonblock(ends[0], true)
	}
	if err == nil {
		err = t.watch(k, unix.EPOLLIN)
	}
	if err != nil {
		t.shut(k)
		k.conn.Close()
		return fmt.Errorf("open pair: %w", err)
	}
	return nil
}

func (t *Talks) watch(k *Talk, events uint32) (err error) {
	t.unwatch(k)
	k.pair.token, err = t.host.Loop().Add(k.pair.fd, events, func(events uint32) {
		if events&unix.EPOLLOUT != 0 {
			t.resume(k)
		}
		if events&^unix.EPOLLOUT != 0 {
			t.hear(k)
		}
	})
	return err
}

func (t *Talks) unwatch(k *Talk) {
	if k.pair.token != 0 {
		t.host.Loop().Remove(k.pair.fd, k.pair.token)
		k.pair.token = 0
	}
}

// pass passes a peer's datagram on.
func (t *Talks) pass(k *Talk, datagram []byte) {
	p := &k.pair
	if !p.waiting {
		err := p.send(datagram)
		if err == unix.ECONNREFUSED && t.cfg.Forward { // so the backend has said of an earlier one
			if !t.gone(k, err) {
				return
			}
			err = p.send(datagram)
		}
		if err == nil {
			if t.cfg.Forward && k.out == 0 {
				k.upstream.asked = bytes.Clone(datagram)
			}
			return
		}
		if err != unix.EAGAIN && err != unix.ENOBUFS || t.watch(k, unix.EPOLLIN|unix.EPOLLOUT) != nil {
			k.lose() // nobody reads it any more
			return
		}
		p.waiting = true
	}
	if p.queued+len(datagram) > mostQueued {
		k.lose()
		return
	}
	p.queue = append(p.queue, bytes.Clone(datagram))
	p.queued += len(datagram)
}

func (p *pair) send(datagram []byte) error {
	for {
		if err := unix.Sendto(p.fd, datagram, unix.MSG_NOSIGNAL, nil); err != unix.EINTR {
			return err
		}
	}
}

// resume passes on what has waited.
func (t *Talks) resume(k *Talk) {
	p := &k.pair
	for len(p.queue) > 0 {
		err := p.send(p.queue[0])
		if err == unix.EAGAIN || err == unix.ENOBUFS {
			return
		}
		if err != nil {
			k.lose()
		}
		p.queued -= len(p.queue[0])
		p.queue = p.queue[1:]
	}
	p.queue, p.waiting = nil, false
	t.watch(k, unix.EPOLLIN)
}

// hear sends the peer what comes over the pair. It reports whether there may be more.
func (t *Talks) hear(k *Talk) (more bool) {
	p := &k.pair
	n := 0
	for n < together {
		room := t.rooms.room(n)
		size, err := unix.Read(p.fd, room)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ECONNREFUSED && t.cfg.Forward {
			k.box.Flush()
			t.gone(k, err)
			return false
		}
		if err != nil {
			if err != unix.EAGAIN {
				t.unwatch(k)
			}
			break
		}
		t.send(k, room[:size])
		n++
	}
	k.box.Flush()
	t.schedule()
	return n == together
}

// last sends what has come over the pair by now.
func (t *Talks) last(k *Talk) {
	for range mostQueued {
		if !t.hear(k) {
			return
		}
	}
}

// unread are the datagrams that the program of a conversation has left unread, in order. The
// first datagram of all is none of them: the conversation was run for it.
func (k *Talk) unread() (left [][]byte) {
	p := &k.pair
	room := make([]byte, loop.Largest)
	for {
		n, _, err := unix.Recvfrom(p.theirs, room, unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			break
		}
		left = append(left, bytes.Clone(room[:n]))
	}
	left = append(left, p.queue...)
	if int64(len(left)) >= k.in-k.lost && len(left) > 0 {
		left = left[1:]
	}
	return left
}

// shut closes the pair, or what leads to a backend.
func (t *Talks) shut(k *Talk) {
	if t.cfg.Answer != nil || k.pair.fd < 0 {
		return
	}
	t.unwatch(k)
	unix.Close(k.pair.fd)
	if k.pair.theirs >= 0 {
		unix.Close(k.pair.theirs)
	}
	k.pair.fd, k.pair.theirs = -1, -1
}

//go:build !portable

package talk

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/server/loop"
)

// LinkName is the name under which a successor gets its end of a link.
const LinkName = "talks"

// link is between two images of the server, of which the older one has conversations
// still, while the newer one reads the sockets. Each message is one of these:
//
//	begun ENVELOPE…		the older one has these conversations
//	all			there are no others
//	over ENVELOPE		it has this one no more
//	mail ENVELOPE DATAGRAM	this is of one of yours: from the newer one to the older
//				one, or back when it was over by then
type link struct {
	fd    int
	token uint64
	frame []byte                     // that is sent
	room  []byte                     // for one that comes
	told  bool                       // the older one: what begins and ends is said
	elder map[loop.Envelope]struct{} // the newer one: whose conversations are not ours
	begin func()                     // the newer one: reads the sockets, once all are known
}

const (
	begun = iota + 1
	all
	over
	mail
)

const (
	// mostSealed is how long an envelope can be in a message.
	mostSealed = 1 + 2*(1+108)
	// numbersSize is how long one of addresses is there, behind its kind.
	numbersSize = 16 + 2 + 16 + 1 + 2 + 4
	// linkBuffer is how much is on its way over a link, in bytes.
	linkBuffer = 4 << 20
	// introduction is how long a successor waits for the conversations of an older image,
	// and that one for room in the link.
	introduction = 2 * time.Second
)

// HandOver makes a link for a successor, and returns its end.
func (t *Talks) HandOver() (*os.File, error) {
	t.link.close(t.host.Loop())
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("hand over conversations: %w", err)
	}
	t.link = newLink(ends[0])
	return os.NewFile(uintptr(ends[1]), LinkName), nil
}

func newLink(fd int) *link {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, linkBuffer) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, linkBuffer)
	}
	return &link{fd: fd, frame: make([]byte, 0, 1+mostSealed+loop.Largest)}
}

// close ends a link; nil is none.
func (l *link) close(lp *loop.Loop) {
	if l == nil || l.fd < 0 {
		return
	}
	if l.token != 0 {
		lp.Remove(l.fd, l.token)
	}
	unix.Close(l.fd)
	l.fd = -1
}

// introduce tells a successor of all conversations, and takes what is sent to them there.
func (t *Talks) introduce() {
	l := t.link
	if l == nil {
		return
	}
	l.frame = append(l.frame[:0], begun)
	for e := range t.table.byEnvelope {
		if l.frame = seal(l.frame, e); len(l.frame) >= loop.Largest {
			l.insist()
			l.frame = append(l.frame[:0], begun)
		}
	}
	l.insist()
	l.frame = append(l.frame[:0], all)
	l.insist()
	l.told = true
	l.token, _ = t.host.Loop().Add(l.fd, unix.EPOLLIN, func(uint32) { t.relieve() })
}

// insist sends the frame, and waits for room.
func (l *link) insist() {
	for l.send() == unix.EAGAIN {
		if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLOUT}}, int(introduction.Milliseconds())); n == 0 {
			return
		}
	}
}

func (l *link) send() error { return unix.Sendto(l.fd, l.frame, unix.MSG_NOSIGNAL, nil) }

// Inherit takes the link to an older image. What comes is read once that has told which
// conversations it has.
func (t *Talks) Inherit(f *os.File) error {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return fmt.Errorf("take over conversations: %w", err)
	}
	t.link = newLink(fd)
	t.link.elder = map[loop.Envelope]struct{}{}
	return nil
}

// meet has the link read, and calls begin when the older image has told of all its
// conversations, or does not.
func (t *Talks) meet(begin func()) (err error) {
	l := t.link
	l.begin = begin
	l.token, err = t.host.Loop().Add(l.fd, unix.EPOLLIN, func(uint32) { t.relieve() })
	t.host.Loop().After(introduction, l.start)
	return err
}

func (l *link) start() {
	if l.begin != nil {
		l.begin()
		l.begin = nil
	}
}

// relieve takes what comes over the link.
func (t *Talks) relieve() {
	l := t.link
	if l.room == nil {
		l.room = make([]byte, 1+mostSealed+loop.Largest)
	}
	for range batch {
		n, err := unix.Read(l.fd, l.room)
		if err == unix.EAGAIN || err == unix.EINTR {
			return
		}
		if err != nil || n == 0 { // the other image has ended
			l.close(t.host.Loop())
			clear(l.elder)
			l.start()
			return
		}
		t.told(l.room[0], l.room[1:n])
	}
}

// batch is how many messages are taken before the loop looks at anything else.
const batch = 64

// told acts on one message.
func (t *Talks) told(kind byte, b []byte) {
	l := t.link
	switch kind {
	case begun:
		for e, rest, ok := unseal(b); ok; e, rest, ok = unseal(rest) {
			l.elder[e] = struct{}{}
		}
	case all:
		l.start()
	case over:
		if e, _, ok := unseal(b); ok {
			delete(l.elder, e)
		}
	case mail:
		e, datagram, ok := unseal(b)
		if !ok {
			return
		}
		delete(l.elder, e)
		if l.told && t.table.find(e) == nil { // it is over: who reads the socket has it
			l.pass(e, datagram)
			return
		}
		if box := t.boxOf(e); box != nil {
			t.take(box, e, datagram)
			box.Flush()
			t.schedule()
		}
	}
}

// passed passes a datagram on to an older image, if the conversation is one of its.
func (t *Talks) passed(e loop.Envelope, datagram []byte) bool {
	if t.link == nil {
		return false
	}
	if _, theirs := t.link.elder[e]; !theirs {
		return false
	}
	t.link.pass(e, datagram)
	return true
}

func (l *link) pass(e loop.Envelope, datagram []byte) {
	l.frame = append(seal(append(l.frame[:0], mail), e), datagram...)
	l.send() // what finds no room is lost, as with a socket
}

// closed tells a successor that a conversation is over.
func (t *Talks) closed(e loop.Envelope) {
	if l := t.link; l != nil && l.told {
		l.frame = seal(append(l.frame[:0], over), e)
		l.send()
	}
}

// The kinds of envelopes in a message: of addresses, or of two names, each behind its
// length.
const (
	ofAddresses = iota
	ofPaths
)

// seal appends an envelope.
func seal(b []byte, e loop.Envelope) []byte {
	if p, ok := e.Unix(); ok {
		b = append(append(b, ofPaths, byte(len(p.Peer))), p.Peer...)
		return append(append(b, byte(len(p.Local))), p.Local...)
	}
	peer := e.Peer.Addr().As16()
	b = binary.BigEndian.AppendUint16(append(append(b, ofAddresses), peer[:]...), e.Peer.Port())
	var local [16]byte
	valid := byte(0)
	if e.Local.IsValid() {
		local, valid = e.Local.As16(), 1
	}
	b = append(append(b, local[:]...), valid)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, e.Port), e.Index)
}

// unseal reads an envelope, and returns what follows it. ok is false for what is none.
func unseal(b []byte) (e loop.Envelope, rest []byte, ok bool) {
	switch {
	case len(b) > numbersSize && b[0] == ofAddresses:
		return unsealAddresses(b[1:]), b[1+numbersSize:], true
	case len(b) > 0 && b[0] == ofPaths:
		var p loop.Paths
		if p.Peer, rest, ok = name(b[1:]); ok {
			p.Local, rest, ok = name(rest)
		}
		return loop.UnixEnvelope(p), rest, ok
	}
	return e, nil, false
}

func unsealAddresses(b []byte) (e loop.Envelope) {
	e.Peer = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[:16])).Unmap(), binary.BigEndian.Uint16(b[16:]))
	if b[34] != 0 {
		e.Local = netip.AddrFrom16([16]byte(b[18:34])).Unmap()
	}
	e.Port, e.Index = binary.BigEndian.Uint16(b[35:]), binary.BigEndian.Uint32(b[37:])
	return e
}

// name reads a name behind its length.
func name(b []byte) (text string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	return string(b[1 : 1+b[0]]), b[1+b[0]:], true
}

package handoff

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Link is one end of a link that carries single messages. It is not safe for
// concurrent use, but that one may send while another receives.
type Link struct {
	FD int // −1 when it is closed

	inbox *inbox
}

// mostDescriptors is how many can travel with one message (SCM_MAX_FD).
const mostDescriptors = 253

// errSilent is the error of who has waited too long for a message.
var errSilent = errors.New("no answer")

// NewPair makes a link. The other end is the child's, and closed by the caller
// once the child has it.
func NewPair() (l *Link, theirs int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, os.NewSyscallError("socketpair", err)
	}
	return &Link{FD: pair[0], inbox: newInbox(pair[0], make([]byte, 2048), 0)}, pair[1], nil
}

// OpenLink is the child's end of its link, when that is what descriptor 3 is, and
// the first message with the descriptors that have come with it, if it is one of
// a stage or of who looks names up: else there is no link, and the message is still to be
// read.
func OpenLink() (*Link, Message, error) {
	if !IsLink(LinkFD) || !firstIsSingle() {
		return nil, nil, nil
	}
	unix.CloseOnExec(LinkFD)
	l := &Link{FD: LinkFD, inbox: newInbox(LinkFD, make([]byte, MaxMessage), mostDescriptors)}
	m, fds, err := l.inbox.receive(0)
	closeAll(fds)
	return l, m, err
}

// firstIsSingle looks at the first message, and leaves it where it is.
func firstIsSingle() bool {
	var head [2]byte
	for {
		n, _, _, _, err := unix.Recvmsg(LinkFD, head[:], nil, unix.MSG_PEEK)
		if err == unix.EINTR {
			continue
		}
		kind := Kind(head[1])
		return err == nil && n == len(head) && (kind == KindStage || kind == KindDeputy || kind == KindNames)
	}
}

// Send sends a message, and does not wait for room. The other end gets copies of
// the descriptors.
func (l *Link) Send(m Message, fds ...int) error {
	return os.NewSyscallError("sendmsg", send(l.FD, m, nil, unix.MSG_DONTWAIT, fds...))
}

// Receive waits for a message, or takes one that is there; else the error is
// unix.EAGAIN. io.EOF is the other end's close. The descriptors that came with it
// are close-on-exec, and the caller's.
func (l *Link) Receive(wait bool) (Message, []int, error) {
	flags := 0
	if !wait {
		flags = unix.MSG_DONTWAIT
	}
	return l.inbox.receive(flags)
}

// Await waits for a message for so long.
func (l *Link) Await(most time.Duration) (Message, error) {
	for until := time.Now().Add(most); ; {
		fds := []unix.PollFd{{Fd: int32(l.FD), Events: unix.POLLIN}}
		left := max(time.Until(until), 0)
		n, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, os.NewSyscallError("poll", err)
		case n == 0 && left == 0:
			return nil, errSilent
		case n == 0:
			continue
		}
		m, received, err := l.inbox.receive(unix.MSG_DONTWAIT)
		closeAll(received)
		return m, err
	}
}

// Move gives the link another descriptor, so that its number is free.
func (l *Link) Move() error {
	fd, err := unix.FcntlInt(uintptr(l.FD), unix.F_DUPFD_CLOEXEC, l.FD+1)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	unix.Close(l.FD)
	l.FD, l.inbox.sock = fd, fd
	return nil
}

// Close closes the link. It may be called again.
func (l *Link) Close() {
	if l != nil && l.FD >= 0 {
		unix.Close(l.FD)
		l.FD = -1
	}
}

// Ended reports whether an error of Receive or Await says that the other end is
// closed.
func Ended(err error) bool { return errors.Is(err, io.EOF) }

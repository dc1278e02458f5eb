package handoff

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// send writes one message with the descriptors that travel beside it. The
// receiver gets copies: the caller still owns its own. It never blocks when
// flags has MSG_DONTWAIT.
func send(sock int, m Message, buf []byte, flags int, fds ...int) error {
	b, err := Append(buf[:0], m)
	if err != nil {
		return err
	}
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for {
		err = unix.Sendmsg(sock, b, oob, nil, flags|unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return err
		}
	}
}

// inbox receives messages from one end of a link.
type inbox struct {
	sock  int
	buf   []byte
	oob   []byte
	hears bool // what is no message is Text
}

// newInbox makes an inbox for messages that fit into buf, with at most fds
// descriptors.
func newInbox(sock int, buf []byte, fds int) *inbox {
	return &inbox{sock: sock, buf: buf, oob: make([]byte, unix.CmsgSpace(4*fds))}
}

// receive reads one message. Descriptors that came with it are close-on-exec
// and belong to the caller; on an error there are none. io.EOF is the other
// end's close. A message that did not fit is an error, never a guess.
func (in *inbox) receive(flags int) (Message, []int, error) {
	n, oobn, rflags, err := in.recvmsg(flags)
	if err != nil {
		return nil, nil, err
	}
	fds, err := descriptors(in.oob[:oobn])
	if err != nil {
		return nil, nil, err
	}
	if in.hears && n > 0 && in.buf[0] != version {
		closeAll(fds)
		return Text(in.buf[:n]), nil, nil
	}
	if rflags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		closeAll(fds)
		return nil, nil, fmt.Errorf("handoff message cut off by the kernel (flags %#x)", rflags)
	}
	if n == 0 {
		closeAll(fds)
		return nil, nil, io.EOF
	}
	m, err := Parse(in.buf[:n])
	if err != nil {
		closeAll(fds)
		return nil, nil, err
	}
	return m, fds, nil
}

func (in *inbox) recvmsg(flags int) (n, oobn, rflags int, err error) {
	for {
		n, oobn, rflags, _, err = unix.Recvmsg(in.sock, in.buf, in.oob, flags|unix.MSG_CMSG_CLOEXEC)
		// ECONNRESET comes once, ahead of what is still queued, when the other
		// end was closed with something unread: unix(7). Then comes EOF.
		if err != unix.EINTR && err != unix.ECONNRESET {
			return n, oobn, rflags, err
		}
	}
}

// descriptors takes the descriptors out of control messages.
func descriptors(oob []byte) ([]int, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	cmsgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("parse handoff control message: %w", err)
	}
	var all []int
	for i := range cmsgs {
		fds, err := unix.ParseUnixRights(&cmsgs[i])
		if err == nil {
			all = append(all, fds...)
		}
	}
	return all, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

package spawn

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// courier brings descriptors into the table of a thread, through a socket pair
// (SCM_RIGHTS, unix(7)). pidfd_getfd(2) would do it without, but filters of system
// calls forbid it, and some of them end the process that tries.
type courier struct {
	here  int // an end in the shared table
	there int // the other, in the table of the thread
}

// mostRights is how many descriptors the kernel takes in one message
// (SCM_MAX_FD).
const mostRights = 253

// send is called first, in the thread of the caller, and does not wait.
func (c courier) send(fds []int) error {
	if len(fds) == 0 {
		return nil
	}
	if len(fds) > mostRights {
		return unix.ETOOMANYREFS
	}
	err := unix.Sendmsg(c.here, []byte{0}, unix.UnixRights(fds...), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return os.NewSyscallError("sendmsg", err)
}

// take is called next, in the thread with the table, for as many descriptors. It
// returns their copies, in order, which the caller closes. After an error the
// courier must not be used: what was sent may still be on its way.
func (c courier) take(n int) ([]int, error) {
	if n == 0 {
		return nil, nil
	}
	var body [1]byte
	oob := make([]byte, unix.CmsgSpace(4*n))
	_, size, flags, _, err := unix.Recvmsg(c.there, body[:], oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	taken, err := received(oob[:size])
	if err == nil && (len(taken) != n || flags&unix.MSG_CTRUNC != 0) {
		err = errors.New("descriptors were lost on their way")
	}
	if err != nil {
		closeAll(taken)
		return nil, err
	}
	return taken, nil
}

// received are the descriptors in the control data of one message.
func received(oob []byte) (fds []int, err error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	for i := range messages {
		got, _ := unix.ParseUnixRights(&messages[i])
		fds = append(fds, got...)
	}
	return fds, err
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

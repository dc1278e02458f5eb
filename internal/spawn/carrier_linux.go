package spawn

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// carrier brings descriptors into the table of a thread.
type carrier interface {
	// send is called first, in the thread of the caller.
	send(fds []int) error
	// take is called next, in the thread with the table, with the same descriptors.
	// It returns their copies, in order, which the caller closes.
	take(fds []int) ([]int, error)
	// close is called at the end, in any other thread.
	close()
}

// getter takes descriptors by pidfd_getfd(2): those of this process's leader,
// whose table is the one that all other threads share. Nobody needs a privilege
// to take from himself.
type getter struct {
	self int // pidfd of this process, in the table of the thread
}

// mayGet tries pidfd_getfd(2) in the calling thread.
func mayGet() bool {
	self, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return false
	}
	defer unix.Close(self)
	fds, err := getter{self}.take([]int{self})
	closeAll(fds)
	return err == nil
}

func (g getter) send([]int) error { return nil }

func (g getter) take(fds []int) ([]int, error) {
	taken := make([]int, 0, len(fds))
	for _, fd := range fds {
		got, err := unix.PidfdGetfd(g.self, fd, 0)
		if err != nil {
			closeAll(taken)
			return nil, os.NewSyscallError("pidfd_getfd", err)
		}
		taken = append(taken, got)
	}
	return taken, nil
}

// close has nothing to do: the pidfd ends with the thread's table.
func (g getter) close() {}

// courier sends descriptors through a socket pair (SCM_RIGHTS, unix(7)).
type courier struct {
	here  int // in the shared table
	there int // in the table of the thread
}

// mostRights is how many descriptors the kernel takes in one message
// (SCM_MAX_FD).
const mostRights = 253

func (c courier) send(fds []int) error {
	if len(fds) == 0 {
		return nil
	}
	err := unix.Sendmsg(c.here, []byte{0}, unix.UnixRights(fds...), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return os.NewSyscallError("sendmsg", err)
}

func (c courier) take(fds []int) ([]int, error) {
	if len(fds) == 0 {
		return nil, nil
	}
	var body [1]byte
	oob := make([]byte, unix.CmsgSpace(4*mostRights))
	_, n, flags, _, err := unix.Recvmsg(c.there, body[:], oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	taken, err := received(oob[:n])
	if err == nil && (len(taken) != len(fds) || flags&unix.MSG_CTRUNC != 0) {
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

func (c courier) close() { unix.Close(c.here) }

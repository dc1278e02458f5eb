//go:build unix

package socket

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Pass sends a copy of a connection's descriptor, with one byte, over the unix socket that
// f is (unix(7), SCM_RIGHTS). Both stay the caller's.
func Pass(f *os.File, conn syscall.Conn) error {
	to, err := f.SyscallConn()
	if err != nil {
		return err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var sent, reached error
	err = raw.Control(func(fd uintptr) {
		rights := unix.UnixRights(int(fd))
		reached = to.Control(func(out uintptr) { sent = sendRights(int(out), rights) })
	})
	return errors.Join(err, reached, sent)
}

// sendRights waits where the socket would not.
func sendRights(fd int, rights []byte) error {
	for {
		err := unix.Sendmsg(fd, []byte{0}, rights, nil, 0)
		switch err {
		case unix.EINTR:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1); err != nil && err != unix.EINTR {
				return err
			}
		default:
			return err
		}
	}
}

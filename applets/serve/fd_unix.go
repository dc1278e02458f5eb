//go:build unix

package serve

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeFD makes a file of an open descriptor, which it keeps from our children. Of
// a standard one it is a copy.
func takeFD(fd int) (*os.File, error) {
	own, err := fd, error(nil)
	if fd > 2 {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	} else {
		own, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "ready-fd"), nil
}

// inherited reports whether a descriptor was left open for us by who has started
// us: what we open ourselves is close-on-exec.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// silence puts /dev/null in the place of a standard descriptor. If its number
// were free, a connection would get it, and our log.
func silence(fd int) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("close ready-fd: %w", err)
	}
	defer null.Close()
	raw, err := null.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(from uintptr) { inner = unix.Dup2(int(from), fd) })
	if err == nil {
		err = inner
	}
	return err
}

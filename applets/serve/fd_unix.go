//go:build unix

package serve

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// duplicate copies an open descriptor, and keeps both from our children.
func duplicate(fd int) (*os.File, error) {
	if fd > 2 {
		unix.CloseOnExec(fd)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "ready-fd"), nil
}

// giveUp closes a descriptor. Of the standard ones the number is never free:
// /dev/null takes it, or else a connection would, and get our log.
func giveUp(fd int) error {
	if fd > 2 {
		return unix.Close(fd)
	}
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

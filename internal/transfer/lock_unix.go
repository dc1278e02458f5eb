//go:build unix && !solaris && !aix

package transfer

import (
	"errors"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// lock takes a file for as long as it is open: flock(2). It is false when somebody
// else has it.
func lock(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

// linkless reports whether an error says that a file system has no links, or that
// they are not for us.
func linkless(err error) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains([]syscall.Errno{unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS, unix.EXDEV}, errno)
}

// locks says whether files can be locked.
const locks = true

//go:build unix

package serve

import "golang.org/x/sys/unix"

// isOpen reports whether fd is open, and keeps it from our children.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return err == nil
}

package server

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// unwritten reports whether nobody has the file open for writing. Until release is
// called who wants to write has to wait: a read lease, fcntl(2). Where there are
// none, or the file is somebody else's, it goes by how long the file is unchanged.
func unwritten(f *os.File) (free bool, release func()) {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch err {
	case nil:
		return true, func() { unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK) }
	case unix.EAGAIN:
		return false, func() {}
	}
	return quiet(f, time.Now()), func() {}
}

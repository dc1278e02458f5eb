//go:build unix && !solaris && !aix

package cdb

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep a FIFO that stands in the place of a file from holding us up.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK

// contents maps the whole of a file: a search touches few of its pages.
func contents(file *os.File, size int) ([]byte, error) {
	data, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	return data, os.NewSyscallError("mmap", err)
}

func release(data []byte) error {
	return os.NewSyscallError("munmap", unix.Munmap(data))
}

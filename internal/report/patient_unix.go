//go:build unix

package report

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// patient returns a writer to the same file that waits for room in it. A program
// that shares our standard error may have set O_NONBLOCK, which holds for us, too.
func patient(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		return patientFile{f}
	}
	return w
}

type patientFile struct{ f *os.File }

// Write is os.File's, but for EAGAIN.
func (p patientFile) Write(b []byte) (n int, err error) {
	for {
		some, err := p.f.Write(b[n:])
		n += some
		if !errors.Is(err, unix.EAGAIN) {
			return n, err
		}
		fds := []unix.PollFd{{Fd: int32(p.f.Fd()), Events: unix.POLLOUT}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return n, os.NewSyscallError("poll", err)
		}
	}
}

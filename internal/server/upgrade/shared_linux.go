package upgrade

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// An image and its successor share a small file in memory: the successor writes
// its pid at the beginning, and the older image writes its own and how many
// connections it has further on.
const (
	sharedName           = "shared" // under which the file is handed on
	successorAt, olderAt = 0, 32
	fieldSize            = 32
)

func newShared() (*os.File, error) {
	fd, err := unix.MemfdCreate("nettool-upgrade", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "shared"), nil
}

// tell writes what an older image tells.
func tell(shared *os.File, connections int) {
	shared.WriteAt(fmt.Appendf(nil, "%-*s", fieldSize, fmt.Sprintf("%d %d", os.Getpid(), connections)), olderAt)
}

// successorIn is the pid that the successor has written, or 0.
func successorIn(shared *os.File) (pid int) {
	fmt.Fscan(io.NewSectionReader(shared, successorAt, fieldSize), &pid)
	return pid
}

// older is an older image, seen from its successor.
type older struct {
	shared *os.File
	pidfd  int // -1 when it is gone
}

// meet tells the older image, our parent, who we are, and keeps an eye on it.
func meet(shared *os.File, parent int) *older {
	shared.WriteAt(fmt.Appendf(nil, "%-*d", fieldSize, os.Getpid()), successorAt)
	fd, err := unix.PidfdOpen(parent, 0)
	if err == nil && os.Getppid() != parent { // somebody else has its number
		unix.Close(fd)
	}
	if err != nil || os.Getppid() != parent {
		fd = -1
		shared.Close()
	}
	return &older{shared, fd}
}

// state is how it is. What is not needed any more is closed.
func (o *older) state() (said Older, lives bool) {
	if o.pidfd < 0 {
		return Older{}, false
	}
	fds := []unix.PollFd{{Fd: int32(o.pidfd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 0); err == nil && n > 0 {
		unix.Close(o.pidfd)
		o.shared.Close()
		o.pidfd = -1
		return Older{}, false
	}
	n, _ := fmt.Fscan(io.NewSectionReader(o.shared, olderAt, fieldSize), &said.PID, &said.Connections)
	return said, n == 2
}

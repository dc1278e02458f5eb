//go:build unix

package attempt

import (
	"syscall"

	"nettool/internal/exit"
)

// Room returns how many attempts may have a connection open at once: what
// RLIMIT_NOFILE leaves after stdio, the poller, the resolver's sockets and inherited
// descriptors.
func Room() int {
	const kept = 24
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 64
	}
	return max(int(min(uint64(limit.Cur), 1<<20))-kept, 1)
}

// Ready reports whether this process can open the few descriptors without which
// it cannot wait for anything: Go's runtime dies when its poller gets none. The
// error says so and carries exit.Local.
func Ready() error {
	const needed = 4 // the poller's two, one to connect, one more to speak
	for range needed {
		fd, err := syscall.Open("/", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return exit.Errorf(exit.Local, "open descriptors: %w", err)
		}
		defer syscall.Close(fd)
	}
	return nil
}

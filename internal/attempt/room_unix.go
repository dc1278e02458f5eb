//go:build unix

package attempt

import "syscall"

// Room is how many attempts may have a connection open at once: what
// RLIMIT_NOFILE leaves beside stdio, the poller, the resolver's sockets and
// whatever was inherited.
func Room() int {
	const kept = 24
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 64
	}
	return max(int(min(uint64(limit.Cur), 1<<20))-kept, 1)
}

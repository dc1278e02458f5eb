package relay

import "golang.org/x/sys/unix"

// ready is FIONREAD: how many bytes can be read from a pipe or socket now.
func ready(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCINQ) }

//go:build unix

package tcprules

import (
	"os"
	"syscall"
)

// createFlags refuse a FIFO that nobody reads, and do not wait for who might.
const createFlags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC | syscall.O_NONBLOCK

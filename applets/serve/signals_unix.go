//go:build unix

package serve

import (
	"os"
	"syscall"
)

// served are the signals that a server acts upon.
func served() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
}

//go:build unix

package serve

import (
	"os"
	"os/signal"
	"syscall"
)

// served are the signals that a server acts upon. SIGHUP stays ignored, also for
// programs, if nohup(1), or who does the same, has started us.
func served() []os.Signal {
	sigs := []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGUSR2}
	if !signal.Ignored(syscall.SIGHUP) {
		sigs = append(sigs, syscall.SIGHUP)
	}
	return sigs
}

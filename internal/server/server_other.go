//go:build !linux

package server

import (
	"net"
	"os"

	"nettool/internal/exit"
)

// serveProcesses refuses: the process model is Linux's.
func serveProcesses(_ *Config, _ *door, listeners []net.Listener, _ <-chan os.Signal) error {
	closeListeners(listeners)
	err := exit.Errorf(exit.Usage, "a process per connection works on Linux only")
	return exit.Hint(err, "use --in-process with a built-in handler")
}

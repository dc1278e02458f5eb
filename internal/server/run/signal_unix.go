//go:build unix

package run

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName is a signal's name, as in "SIGTERM".
func SignalName(s syscall.Signal) string { return unix.SignalName(s) }

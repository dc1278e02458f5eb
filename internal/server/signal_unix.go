//go:build unix

package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// signalName is a signal's name, as in "SIGTERM".
func signalName(s syscall.Signal) string { return unix.SignalName(s) }

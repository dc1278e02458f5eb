//go:build unix

package report

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func signalName(n syscall.Signal) string { return unix.SignalName(n) }

//go:build unix

package socket

import "syscall"

// The error numbers that we tell apart.
const (
	errRefused      = syscall.ECONNREFUSED
	errTimedOut     = syscall.ETIMEDOUT
	errAddrInUse    = syscall.EADDRINUSE
	errAddrNotAvail = syscall.EADDRNOTAVAIL
	errNoFamily     = syscall.EAFNOSUPPORT
)

// shortReason is the system's own text, which is short already.
func shortReason(errno syscall.Errno) string { return errno.Error() }

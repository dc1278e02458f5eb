//go:build unix

package socket

import (
	"cmp"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The error numbers that listening and dialling tell apart.
const (
	errRefused      = syscall.ECONNREFUSED
	errTimedOut     = syscall.ETIMEDOUT
	errAddrInUse    = syscall.EADDRINUSE
	errAddrNotAvail = syscall.EADDRNOTAVAIL
	errNoFamily     = syscall.EAFNOSUPPORT
)

// classOfErrno is the class of an error number. One that no peer and no network
// can cause is Local.
func classOfErrno(e syscall.Errno) Class {
	switch e {
	case syscall.ECONNREFUSED, syscall.ENOENT:
		return Refused // ENOENT: a unix socket that is not there (yet)
	case syscall.ETIMEDOUT, syscall.EAGAIN:
		return Timeout // EAGAIN: a unix socket whose backlog is full
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return Reset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.ENOPROTOOPT, syscall.EACCES:
		return Unreachable // EACCES: ICMPv6 "administratively prohibited"
	}
	return Local
}

// ErrnoName returns the symbolic name of an error number, such as
// "ECONNREFUSED", or "" for zero.
func ErrnoName(e syscall.Errno) string {
	if e == 0 {
		return ""
	}
	return cmp.Or(unix.ErrnoName(e), "errno "+strconv.Itoa(int(e)))
}

// shortReason is the system's own text, which is short already.
func shortReason(errno syscall.Errno) string { return errno.Error() }

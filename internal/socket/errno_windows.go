package socket

import (
	"cmp"
	"strconv"
	"syscall"
)

// The error numbers that listening and dialling tell apart (Windows Sockets
// Error Codes).
const (
	errAddrInUse    = syscall.Errno(10048)
	errAddrNotAvail = syscall.Errno(10049)
	errNoFamily     = syscall.Errno(10047)
	errTimedOut     = syscall.Errno(10060)
	errRefused      = syscall.Errno(10061)
)

// sockErrno is what there is to say about an error number of Windows Sockets.
type sockErrno struct {
	class        Class
	name, reason string // as on other systems
}

// lookUpErrno finds an error number. One that no peer and no network can cause
// is Local.
func lookUpErrno(e syscall.Errno) sockErrno {
	switch e {
	case 10024:
		return sockErrno{Local, "EMFILE", "too many open files"}
	case errNoFamily:
		return sockErrno{Local, "EAFNOSUPPORT", "address family not supported by protocol"}
	case errAddrInUse:
		return sockErrno{Local, "EADDRINUSE", "address already in use"}
	case errAddrNotAvail:
		return sockErrno{Local, "EADDRNOTAVAIL", "cannot assign requested address"}
	case 10050:
		return sockErrno{Unreachable, "ENETDOWN", "network is down"}
	case 10051:
		return sockErrno{Unreachable, "ENETUNREACH", "network is unreachable"}
	case 10052: // keepalive had no answer
		return sockErrno{Timeout, "ENETRESET", "network dropped connection on reset"}
	case 10053:
		return sockErrno{Reset, "ECONNABORTED", "software caused connection abort"}
	case 10054:
		return sockErrno{Reset, "ECONNRESET", "connection reset by peer"}
	case 10055:
		return sockErrno{Local, "ENOBUFS", "no buffer space available"}
	case errTimedOut:
		return sockErrno{Timeout, "ETIMEDOUT", "connection timed out"}
	case errRefused:
		return sockErrno{Refused, "ECONNREFUSED", "connection refused"}
	case 10064:
		return sockErrno{Unreachable, "EHOSTDOWN", "host is down"}
	case 10065:
		return sockErrno{Unreachable, "EHOSTUNREACH", "no route to host"}
	}
	return sockErrno{class: Local}
}

func classOfErrno(e syscall.Errno) Class { return lookUpErrno(e).class }

// ErrnoName returns the symbolic name of an error number, such as
// "ECONNREFUSED", or "" for zero.
func ErrnoName(e syscall.Errno) string {
	if e == 0 {
		return ""
	}
	return cmp.Or(lookUpErrno(e).name, "errno "+strconv.Itoa(int(e)))
}

// shortReason puts the system's long sentences in the words of other systems.
func shortReason(e syscall.Errno) string { return cmp.Or(lookUpErrno(e).reason, e.Error()) }

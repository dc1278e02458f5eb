package socket

import "syscall"

// The error numbers that we tell apart (Windows Sockets Error Codes).
const (
	errAddrInUse    = syscall.Errno(10048)
	errAddrNotAvail = syscall.Errno(10049)
	errNoFamily     = syscall.Errno(10047)
	errTimedOut     = syscall.Errno(10060)
	errRefused      = syscall.Errno(10061)
)

// shortReason puts the system's long sentences in the words of other systems.
func shortReason(errno syscall.Errno) string {
	switch errno {
	case errRefused:
		return "connection refused"
	case errAddrInUse:
		return "address already in use"
	case errAddrNotAvail:
		return "cannot assign requested address"
	case 10051:
		return "network is unreachable"
	case 10054:
		return "connection reset by peer"
	case 10065:
		return "no route to host"
	default:
		return errno.Error()
	}
}

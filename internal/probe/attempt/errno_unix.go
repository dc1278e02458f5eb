//go:build unix

package attempt

import (
	"strconv"
	"syscall"
)

// ofErrno is the outcome that an error number stands for.
func ofErrno(e syscall.Errno) Outcome {
	switch e {
	case syscall.ECONNREFUSED, syscall.ENOENT, syscall.ECONNABORTED:
		return Refused // ENOENT: a unix socket that is not there (yet)
	case syscall.ETIMEDOUT, syscall.EAGAIN:
		return Timeout // EAGAIN: a unix socket whose backlog is full
	case syscall.ECONNRESET, syscall.EPIPE:
		return Reset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.ENOPROTOOPT, syscall.EACCES:
		return Unreachable // EACCES: ICMPv6 "administratively prohibited"
	}
	return LocalError
}

// isLocal tells errors that are this side's whatever the phase.
func isLocal(e syscall.Errno) bool {
	switch e {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.EPERM:
		return true
	}
	return false
}

// errnoName is the symbolic name of an error number, "" for none.
func errnoName(e syscall.Errno) string {
	switch e {
	case 0:
		return ""
	case syscall.ECONNREFUSED:
		return "ECONNREFUSED"
	case syscall.ECONNRESET:
		return "ECONNRESET"
	case syscall.ECONNABORTED:
		return "ECONNABORTED"
	case syscall.ETIMEDOUT:
		return "ETIMEDOUT"
	case syscall.EHOSTUNREACH:
		return "EHOSTUNREACH"
	case syscall.ENETUNREACH:
		return "ENETUNREACH"
	case syscall.EPIPE:
		return "EPIPE"
	case syscall.EMFILE:
		return "EMFILE"
	case syscall.EADDRNOTAVAIL:
		return "EADDRNOTAVAIL"
	}
	return rareErrnoName(e)
}

func rareErrnoName(e syscall.Errno) string {
	switch e {
	case syscall.EAGAIN:
		return "EAGAIN"
	case syscall.EACCES:
		return "EACCES"
	case syscall.EPERM:
		return "EPERM"
	case syscall.ENOENT:
		return "ENOENT"
	case syscall.ENFILE:
		return "ENFILE"
	case syscall.ENOBUFS:
		return "ENOBUFS"
	case syscall.ENOMEM:
		return "ENOMEM"
	case syscall.EHOSTDOWN:
		return "EHOSTDOWN"
	case syscall.ENETDOWN:
		return "ENETDOWN"
	case syscall.EINVAL:
		return "EINVAL"
	case syscall.EAFNOSUPPORT:
		return "EAFNOSUPPORT"
	case syscall.ENOPROTOOPT:
		return "ENOPROTOOPT"
	}
	return "errno " + strconv.Itoa(int(e))
}

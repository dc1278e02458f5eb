package ucspi

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// Reason is why a system call failed, in the words of tcpserver(1), tcpclient(1) and
// their kind, which are the same on every system.
func Reason(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return "timed out"
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return "unknown error"
	}
	for _, of := range []func(syscall.Errno) string{ofSocket, ofNetwork, ofFile, ofProcess} {
		if reason := of(errno); reason != "" {
			return reason
		}
	}
	return "unknown error"
}

func ofSocket(errno syscall.Errno) string {
	switch errno {
	case syscall.ENOTSOCK:
		return "not a socket"
	case syscall.EMSGSIZE:
		return "message too long"
	case syscall.EPROTOTYPE:
		return "incorrect protocol type"
	case syscall.ENOPROTOOPT:
		return "protocol not available"
	case syscall.EPROTONOSUPPORT:
		return "protocol not supported"
	case syscall.EOPNOTSUPP:
		return "operation not supported"
	case syscall.EAFNOSUPPORT:
		return "address family not supported"
	case syscall.EADDRINUSE:
		return "address already used"
	case syscall.EADDRNOTAVAIL:
		return "address not available"
	case syscall.EISCONN:
		return "already connected"
	case syscall.ENOTCONN:
		return "not connected"
	case syscall.EALREADY:
		return "operation already in progress"
	case syscall.EINPROGRESS:
		return "operation in progress"
	}
	return ""
}

func ofNetwork(errno syscall.Errno) string {
	switch errno {
	case syscall.ENETDOWN:
		return "network down"
	case syscall.ENETUNREACH:
		return "network unreachable"
	case syscall.ENETRESET:
		return "network reset"
	case syscall.ECONNABORTED:
		return "connection aborted"
	case syscall.ECONNRESET:
		return "connection reset"
	case syscall.ETIMEDOUT:
		return "timed out"
	case syscall.ECONNREFUSED:
		return "connection refused"
	case syscall.EHOSTDOWN:
		return "host down"
	case syscall.EHOSTUNREACH:
		return "host unreachable"
	case syscall.EPROTO:
		return "protocol error"
	case syscall.EPIPE:
		return "broken pipe"
	case syscall.ENOBUFS:
		return "out of buffer space"
	}
	return ""
}

func ofFile(errno syscall.Errno) string {
	switch errno {
	case syscall.ENOENT:
		return "file does not exist"
	case syscall.EACCES:
		return "access denied"
	case syscall.EEXIST:
		return "file already exists"
	case syscall.EXDEV:
		return "cross-device link"
	case syscall.ENOTDIR:
		return "not a directory"
	case syscall.EISDIR:
		return "is a directory"
	case syscall.ENOTEMPTY:
		return "directory not empty"
	case syscall.ENAMETOOLONG:
		return "file name too long"
	case syscall.ELOOP:
		return "symbolic link loop"
	case syscall.EROFS:
		return "read-only file system"
	case syscall.ENOSPC:
		return "out of disk space"
	case syscall.EDQUOT:
		return "disk quota exceeded"
	case syscall.EFBIG:
		return "file too big"
	case syscall.ESPIPE:
		return "unseekable descriptor"
	case syscall.ESTALE:
		return "stale NFS file handle"
	}
	return ""
}

func ofProcess(errno syscall.Errno) string {
	switch errno {
	case syscall.EPERM:
		return "permission denied"
	case syscall.EIO:
		return "input/output error"
	case syscall.ENXIO:
		return "device not configured"
	case syscall.ENODEV:
		return "device does not support operation"
	case syscall.E2BIG:
		return "argument list too long"
	case syscall.ENOEXEC:
		return "exec format error"
	case syscall.ETXTBSY:
		return "text busy"
	case syscall.EBADF:
		return "file descriptor not open"
	case syscall.EAGAIN:
		return "temporary failure"
	case syscall.ENOMEM:
		return "out of memory"
	case syscall.EBUSY:
		return "device busy"
	case syscall.EINVAL:
		return "invalid argument"
	case syscall.ENFILE:
		return "system cannot open more files"
	case syscall.EMFILE:
		return "process cannot open more files"
	case syscall.ENOSYS:
		return "system call not available"
	case syscall.EINTR:
		return "interrupted system call"
	}
	return ""
}

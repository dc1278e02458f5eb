package socket

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Detach takes the listening descriptor out of l: non-blocking, close-on-exec,
// and unknown to Go's poller. l is closed, its socket file stays. The caller
// owns fd; remove, never nil, deletes the socket file if it is still ours and does
// nothing for TCP and for sockets that were passed to us.
func Detach(l net.Listener) (fd int, remove func() error, err error) {
	var file *socketFile
	if u, ok := l.(*unixListener); ok {
		file, l = u.file, u.UnixListener
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if fd, err = duplicate(l); err != nil {
		return -1, nil, fmt.Errorf("detach listener %s: %w", l.Addr(), err)
	}
	if err := l.Close(); err != nil {
		_ = unix.Close(fd)
		return -1, nil, fmt.Errorf("detach listener %s: %w", l.Addr(), err)
	}
	return fd, file.remove, nil
}

func duplicate(s any) (int, error) {
	conn, ok := s.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("%T has no descriptor", s)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var inner error
	err = raw.Control(func(old uintptr) {
		fd, inner = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = inner
	}
	return fd, err
}

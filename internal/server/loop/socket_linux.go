//go:build !portable

package loop

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Socket is an accepted connection: a descriptor that Go's poller does not know.
type Socket struct {
	Remote, Local Peer
	TLS           bool // it speaks TLS, and has done no handshake
	FD            int  // close-on-exec, and blocking unless the loop is parked; -1 once it is closed or given away
	nonblock      bool
}

// NoSocket stands for a socket that is not there yet.
func NoSocket(remote, local Peer) *Socket { return &Socket{Remote: remote, Local: local, FD: -1} }

// Open reports whether the socket was neither closed nor given away.
func (s *Socket) Open() bool { return s.FD >= 0 }

// Close closes the socket. It may be called again.
func (s *Socket) Close() {
	if s.FD >= 0 {
		unix.Close(s.FD)
		s.FD = -1
	}
}

// Greet sends the first words, and, if it is to kill options, has the kernel forget those of
// IP that have come with the connection (ip(7), IP_OPTIONS). It is false when the socket
// does not take them.
func (s *Socket) Greet(words string, killOptions bool) bool {
	if killOptions {
		unix.SetsockoptString(s.FD, unix.IPPROTO_IP, unix.IP_OPTIONS, "")
	}
	if words == "" {
		return true
	}
	n, err := unix.SendmsgN(s.FD, []byte(words), nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return err == nil && n == len(words)
}

// Shutdown ends both directions: who has a copy of the socket sees its end.
func (s *Socket) Shutdown() {
	if s.FD >= 0 {
		unix.Shutdown(s.FD, unix.SHUT_RDWR)
	}
}

// Stream gives the socket away to Go's poller.
func (s *Socket) Stream() (Stream, error) {
	if !s.nonblock {
		if err := unix.SetNonblock(s.FD, true); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	f := os.NewFile(uintptr(s.FD), "connection")
	s.FD = -1
	return stream{f}, nil
}

// Conn gives the socket away as the net package's connection.
func (s *Socket) Conn() (net.Conn, error) {
	f := os.NewFile(uintptr(s.FD), "connection")
	s.FD = -1
	defer f.Close()
	return net.FileConn(f)
}

// stream is a socket in Go's poller without what the net package asks the kernel
// about it.
type stream struct{ *os.File }

// CloseRead ends the peer's side: a blocked Read returns.
func (s stream) CloseRead() error { return s.shutdown(unix.SHUT_RD) }

// CloseWrite ends our side: the peer sees EOF.
func (s stream) CloseWrite() error { return s.shutdown(unix.SHUT_WR) }

func (s stream) shutdown(how int) error {
	return s.control("shutdown", func(fd int) error { return unix.Shutdown(fd, how) })
}

// SetLinger is that of *net.TCPConn.
func (s stream) SetLinger(seconds int) error {
	l := unix.Linger{Onoff: 1, Linger: int32(seconds)}
	return s.control("setsockopt", func(fd int) error { return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l) })
}

// control does something to the descriptor.
func (s stream) control(call string, do func(fd int) error) error {
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = do(int(fd)) }); err != nil {
		return err
	}
	return os.NewSyscallError(call, inner)
}

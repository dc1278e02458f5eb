package loop

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// Stream is a connection that goroutines read and write, with half-close:
// *net.TCPConn and *net.UnixConn are streams.
type Stream interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Close() error
	CloseRead() error  // shutdown of the read side: a blocked Read returns
	CloseWrite() error // shutdown of the write side: the peer sees EOF
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	syscall.Conn
}

// RefuseStream is Refuse for a connection that was a goroutine's, and listens.
func (l *Loop) RefuseStream(c Stream, message string) {
	if message == "" || l.refused >= MostRefused {
		c.Close()
		return
	}
	l.refused++
	go l.refuse(c, message)
}

// refuse is the goroutine that tells one client to go.
func (l *Loop) refuse(c Stream, message string) {
	c.SetReadDeadline(time.Now().Add(refuseTime))
	c.SetWriteDeadline(time.Now().Add(refuseTime))
	if _, err := io.WriteString(c, message); err == nil && c.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(c, refuseBytes))
	}
	c.Close()
	l.Post(func() { l.refused-- })
}

// ErrNone means that no connection waits.
var ErrNone = errors.New("no connection waits")

// Dead reports whether an error of Accept means that the listener is of no use
// any more. Other errors are about one connection, which has died in the backlog
// (accept(2), "Error handling"), or about a lack of resources.
func Dead(err error) bool {
	for _, e := range []error{syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, net.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

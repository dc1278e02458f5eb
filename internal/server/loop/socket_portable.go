//go:build !linux || portable

package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Socket is an accepted connection.
type Socket struct {
	Remote, Local Peer
	conn          net.Conn // nil once it is closed or given away
}

func newSocket(c net.Conn) *Socket {
	return &Socket{Remote: peerOf(c.RemoteAddr()), Local: peerOf(c.LocalAddr()), conn: c}
}

// Close closes the socket. It may be called again.
func (s *Socket) Close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// Shutdown ends both directions: who has a copy of the socket sees its end.
func (s *Socket) Shutdown() {
	if c, ok := s.conn.(Stream); ok {
		c.CloseRead()
		c.CloseWrite()
	}
}

// refuseTime bounds how long a refused connection takes.
const refuseTime = time.Second

// Refuse sends the message, unless it is empty, and closes. What the client
// sends is dropped first: closing with unread input would reset the message
// away. It does not wait for that.
func (s *Socket) Refuse(message string) {
	c, ok := s.conn.(Stream)
	if message == "" || !ok {
		s.Close()
		return
	}
	s.conn = nil
	go refuse(c, message)
}

func refuse(c Stream, message string) {
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(refuseTime))
	c.SetWriteDeadline(time.Now().Add(refuseTime))
	if _, err := io.WriteString(c, message); err == nil && c.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(c, 1<<20))
	}
}

// Stream gives the socket away.
func (s *Socket) Stream() (Stream, error) {
	c, ok := s.conn.(Stream)
	if !ok {
		return nil, errors.New("the connection is no stream")
	}
	s.conn = nil
	return c, nil
}

// Conn gives the socket away as the net package's connection.
func (s *Socket) Conn() (net.Conn, error) {
	c := s.conn
	s.conn = nil
	return c, nil
}

// File gives the socket away as a blocking descriptor, for a program.
func (s *Socket) File() (*os.File, error) {
	defer s.Close()
	c, ok := s.conn.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, errors.New("the connection has no descriptor")
	}
	return c.File()
}

//go:build !linux || portable

package loop

import (
	"errors"
	"net"
	"os"
	"time"
)

// Socket is an accepted connection.
type Socket struct {
	Remote, Local Peer
	TLS           bool     // it speaks TLS, and has done no handshake
	conn          net.Conn // nil once it is closed or given away
}

func newSocket(c net.Conn, tls bool) *Socket {
	return &Socket{TLS: tls, Remote: peerOf(c.RemoteAddr()), Local: peerOf(c.LocalAddr()), conn: c}
}

// NoSocket stands for a socket that is not there yet.
func NoSocket(remote, local Peer) *Socket { return &Socket{Remote: remote, Local: local} }

// Open reports whether the socket was neither closed nor given away.
func (s *Socket) Open() bool { return s.conn != nil }

// Close closes the socket. It may be called again.
func (s *Socket) Close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// Greet sends the first words. It is false when the socket does not take them. IP options
// stay as they are.
func (s *Socket) Greet(words string, _ bool) bool {
	if words == "" || s.conn == nil {
		return true
	}
	s.conn.SetWriteDeadline(time.Now().Add(greeting))
	_, err := s.conn.Write([]byte(words))
	s.conn.SetWriteDeadline(time.Time{})
	return err == nil
}

// greeting is how long first words may take: they find an empty buffer.
const greeting = 10 * time.Millisecond

// Shutdown ends both directions: who has a copy of the socket sees its end.
func (s *Socket) Shutdown() {
	if c, ok := s.conn.(Stream); ok {
		c.CloseRead()
		c.CloseWrite()
	}
}

// Refuse sends a client the message, unless it is empty, without waiting, and
// closes. When it is to listen, it first reads what the client has to say, for a
// moment: closing with unread input, or before it comes, would reset the message
// away. That holds a descriptor.
func (l *Loop) Refuse(s *Socket, message string, listen bool) {
	c, ok := s.conn.(Stream)
	if !ok || !listen {
		s.Close()
		return
	}
	s.conn = nil
	l.RefuseStream(c, message)
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

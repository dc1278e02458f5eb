package relay

import (
	"errors"
	"net"
	"testing"
	"time"
)

// endless is a connection that cannot be ended any more when its TLS has been.
type endless struct{ net.Conn }

func (endless) CloseWrite() error   { return errors.New("the peer is gone") }
func (c endless) NetConn() net.Conn { return c.Conn }

// TestGoodbyeIsNoData: the end of TLS that a peer did not take is nothing that was to
// be delivered.
func TestGoodbyeIsNoData(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	l := newLink(endless{client})
	for end := time.Now().Add(30 * time.Second); !l.dead(); {
		client.Write(make([]byte, 24)) // refused, since nobody has the other end
		if time.Now().After(end) {
			t.Fatal("the connection lives on")
		}
	}
	if n := l.unacked(); n != 24 {
		t.Skipf("the kernel says that %d bytes were not acknowledged", n)
	}
	l.closeWrite()
	if n := l.unacked(); n != 0 {
		t.Errorf("%d bytes were not delivered", n)
	}
}

//go:build unix

package relay

import (
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// leaves ends its side at once, and hears everything until our end.
func leaves(heard chan<- string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		c.CloseWrite()
		text, _ := io.ReadAll(c)
		heard <- string(text)
	}
}

// A file is sent to its end, however long ago the peer has ended.
func TestAfterPeerFile(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	text := make([]byte, 20<<20)
	s := &Session{Conn: dialled(t, leaves(heard)), In: file(t, text), FullDuplex: true, AfterPeer: time.Nanosecond}
	_, out := rawPipe(t, false)
	s.Out = out
	if res, err := ended(t, s); err != nil || len(<-heard) != len(text) {
		t.Errorf("%v, %+v", err, res)
	}
}

// A pipe is heard until it has been silent for long enough.
func TestAfterPeerPipe(t *testing.T) {
	t.Parallel()
	const after = 100 * time.Millisecond
	for _, said := range []string{"", "hello"} {
		heard := make(chan string, 1)
		in, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(feed, said)
		_, out := rawPipe(t, false)
		s := &Session{Conn: dialled(t, leaves(heard)), In: in, Out: out, FullDuplex: true, AfterPeer: after, HalfCloseAfter: -1}
		res, err := ended(t, s)
		if text := <-heard; err != nil || res.Reason != ReasonEOF || text != said || res.Elapsed < after {
			t.Errorf("%q: %v, %+v, heard %q", said, err, res, text)
		}
		feed.Close()
		in.Close()
	}
}

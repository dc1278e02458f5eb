package admin

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// These tests have a clock and a network of their own: pipes, whose deadlines
// come when the clock says so.

// pipes is a listener: who dials gets the other end of a pipe.
type pipes struct {
	come   chan net.Conn
	fail   chan error
	closed chan struct{}
	asked  atomic.Int64 // calls of Accept
}

func (p *pipes) Accept() (net.Conn, error) {
	p.asked.Add(1)
	select {
	case c := <-p.come:
		return c, nil
	case err := <-p.fail:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// dial returns our end of a connection that the server has.
func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.come <- theirs
	synctest.Wait()
	return ours
}

// bubble runs a test with a server of pages that are short, and one of length
// bytes.
func bubble(t *testing.T, length int, test func(t *testing.T, p *pipes)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{come: make(chan net.Conn), fail: make(chan error), closed: make(chan struct{})}
		s := &Server{Listeners: []net.Listener{p}, Pages: map[string]Page{
			"/x":    func() Reply { return Plain(200, "here") },
			"/long": func() Reply { return Plain(200, strings.Repeat("x", length)) },
		}}
		s.Start()
		defer s.Close()
		test(t, p)
	})
}

// isOver reports whether the server has closed a connection already.
func isOver(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(1))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

func status(t *testing.T, c net.Conn) int {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0
	}
	return r.StatusCode
}

// TestMostConns: sixteen connections are kept. One more, and the oldest is closed
// at once, long before its time is over; the others are not.
func TestMostConns(t *testing.T) {
	bubble(t, 0, func(t *testing.T, p *pipes) {
		var open []net.Conn
		for range 16 {
			open = append(open, p.dial())
		}
		for i, c := range open {
			if isOver(c) {
				t.Fatalf("connection %d of 16 was closed", i+1)
			}
		}
		for i := range 5 {
			open = append(open, p.dial())
			synctest.Wait()
			if !isOver(open[i]) {
				t.Fatalf("with %d connections open the oldest is kept", 17)
			}
			if isOver(open[i+1]) {
				t.Fatalf("two made room for one")
			}
		}
		go io.WriteString(open[len(open)-1], "GET /x HTTP/1.1\r\n\r\n")
		if got := status(t, open[len(open)-1]); got != 200 {
			t.Errorf("the newest is answered %d", got)
		}
		for _, c := range open {
			c.Close()
		}
	})
}

// TestConnsThatEndMakeRoom: a connection that is over does not count.
func TestConnsThatEndMakeRoom(t *testing.T) {
	bubble(t, 0, func(t *testing.T, p *pipes) {
		first := p.dial()
		for range 100 {
			p.dial().Close()
			synctest.Wait()
		}
		if isOver(first) {
			t.Error("the only open connection was closed for others that had ended")
		}
		first.Close()
	})
}

// TestRequestTime: a request has five seconds from its beginning, however often
// another byte of it comes.
func TestRequestTime(t *testing.T) {
	bubble(t, 0, func(t *testing.T, p *pipes) {
		began := time.Now()
		c := p.dial()
		go func() {
			for err := error(nil); err == nil; time.Sleep(700 * time.Millisecond) {
				_, err = io.WriteString(c, "G")
			}
		}()
		io.ReadAll(c)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("a request that never ends was given %v", took)
		}
		c.Close()

		late := p.dial()
		defer late.Close()
		io.WriteString(late, "GET /x HTTP/1.1\r\n")
		time.Sleep(5*time.Second - 1)
		go io.WriteString(late, "\r\n")
		if got := status(t, late); got != 200 {
			t.Errorf("a request that ends in time is answered %d", got)
		}
	})
}

// TestReplyTime: who does not take the answer for five seconds loses the
// connection, and so does who never ends it after that.
func TestReplyTime(t *testing.T) {
	const length = 100 << 10
	bubble(t, length, func(t *testing.T, p *pipes) {
		for _, want := range []struct {
			wait time.Duration
			ok   bool
		}{{5*time.Second - 1, true}, {5*time.Second + 1, false}} {
			c := p.dial()
			io.WriteString(c, "GET /long HTTP/1.1\r\n\r\n")
			time.Sleep(want.wait)
			b, err := io.ReadAll(c)
			if got := err == nil && len(b) > length; got != want.ok {
				t.Errorf("after %v: %d bytes, %v", want.wait, len(b), err)
			}
			c.Close()
		}
	})
}

// TestAcceptPause: when the system has no descriptors left, the server tries
// again ten times a second, and no more.
func TestAcceptPause(t *testing.T) {
	bubble(t, 0, func(t *testing.T, p *pipes) {
		began := time.Now()
		for range 10 {
			p.fail <- errors.New("too many open files")
		}
		c := p.dial()
		if took := time.Since(began); took != time.Second {
			t.Errorf("ten failures took %v", took)
		}
		if n := p.asked.Load(); n != 12 {
			t.Errorf("accept was called %d times, want 12", n)
		}
		go io.WriteString(c, "GET /x HTTP/1.1\r\n\r\n")
		if got := status(t, c); got != 200 {
			t.Errorf("afterwards it answers %d", got)
		}
		c.Close()
	})
}

// TestRequestLimit: 8 KiB are a request, and no byte more.
func TestRequestLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ length, want int }{{8 << 10, 200}, {8<<10 + 1, 431}, {64 << 10, 431}} {
		t.Run("", func(t *testing.T) {
			bubble(t, 0, func(t *testing.T, p *pipes) {
				c := p.dial()
				const head, tail = "GET /x HTTP/1.1\r\nA: ", "\r\n\r\n"
				go io.WriteString(c, head+strings.Repeat("a", test.length-len(head+tail))+tail)
				if got := status(t, c); got != test.want {
					t.Errorf("%d bytes are answered %d, want %d", test.length, got, test.want)
				}
				c.Close()
			})
		})
	}
}

// halfPipe is a pipe whose writing side can be closed: for it, closing that is
// nothing but a note.
type halfPipe struct {
	net.Conn
	ended atomic.Bool
}

func (h *halfPipe) CloseWrite() error {
	h.ended.Store(true)
	return nil
}

// TestRest: what a client sends after its request is dropped, in 64 reads at most
// of a kilobyte each, so that the answer is not reset away; then it is closed.
func TestRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		h := &halfPipe{Conn: theirs}
		go func() {
			finish(h)
			h.Close()
		}()
		sent := 0
		for sent < 1<<20 {
			n, err := ours.Write(make([]byte, 1000))
			sent += n
			if err != nil {
				break
			}
		}
		ours.Close()
		if !h.ended.Load() || sent != 64*1000 { // a read takes what one write gave
			t.Errorf("the writing side ended: %v; %d bytes were dropped", h.ended.Load(), sent)
		}
	})
}

// TestRestHasItsTime: a client that neither sends nor ends is let go when the time
// for the answer is over.
func TestRestHasItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		p := &pipes{come: make(chan net.Conn), fail: make(chan error), closed: make(chan struct{})}
		s := &Server{Listeners: []net.Listener{p}, Pages: map[string]Page{"/x": func() Reply { return Plain(200, "here") }}}
		s.Start()
		defer s.Close()
		p.come <- &halfPipe{Conn: theirs}
		began := time.Now()
		io.WriteString(ours, "GET /x HTTP/1.1\r\n\r\n")
		b, err := io.ReadAll(ours)
		if took := time.Since(began); err != nil || len(b) == 0 || took != 5*time.Second {
			t.Errorf("%d bytes, %v, after %v", len(b), err, took)
		}
		ours.Close()
	})
}

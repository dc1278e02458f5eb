//go:build unix

package relay

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nettool/internal/exit"
)

// ended is how s ends, which it must do long before the hour that its timers
// have.
func ended(t *testing.T, s *Session) (Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := s.Run(ctx)
	if res.Reason == ReasonCancelled {
		t.Error("the session did not end by itself")
	}
	return res, err
}

// typed is an In that has said text and stays open.
func typed(t *testing.T, text string) *os.File {
	t.Helper()
	r, w := rawPipe(t, false)
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return r
}

// A reset ends the session at once, however long --linger is and although In
// goes on.
func TestResetDoesNotLinger(t *testing.T) {
	t.Parallel()
	conn := dialled(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 5))
		c.SetLinger(0)
	})
	_, out := rawPipe(t, false)
	res, err := ended(t, &Session{Conn: conn, In: typed(t, "hello"), Out: out, Linger: time.Hour})
	if exit.Of(err) != exit.Broken || res.Reason != ReasonReset || res.BytesOut != 5 {
		t.Errorf("%v, %+v", err, res)
	}
}

// So does one that comes while bytes of ours are on their way and nothing is
// read any more, since the peer has ended its side: nobody sees its error.
func TestResetBehindTheEndDoesNotLinger(t *testing.T) {
	t.Parallel()
	seen := make(chan struct{})
	conn := dialled(t, func(c *net.TCPConn) {
		c.SetReadBuffer(4096)
		c.CloseWrite()
		<-seen
		c.SetLinger(0)
	})
	conn.SetWriteBuffer(1 << 20)
	s := &Session{Conn: &watched{TCPConn: conn, eof: seen}, In: file(t, content(150<<10)), Linger: time.Hour, FullDuplex: true}
	_, s.Out = rawPipe(t, false)
	s.Incoming = func(p []byte) ([]byte, bool) { return p, false } // so that bytes pass by watched
	res, err := ended(t, s)
	if exit.Of(err) != exit.Broken || res.Undelivered <= 0 {
		t.Errorf("%v, %+v", err, res)
	}
}

// watched is a connection that tells when the peer's end was seen.
type watched struct {
	*net.TCPConn
	eof chan struct{}
}

func (c *watched) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if err == io.EOF {
		close(c.eof)
	}
	return n, err
}

// A write that fails while the peer keeps its side open and says nothing ends
// the session soon, not after --linger.
func TestFailedWriteDoesNotLinger(t *testing.T) {
	t.Parallel()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(t.TempDir(), "s")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	io.WriteString(peer, "last words")
	peer.CloseRead()
	r, out := rawPipe(t, false)
	res, err := ended(t, &Session{Conn: conn, In: typed(t, "hello"), Out: out, Linger: time.Hour})
	if exit.Of(err) != exit.Broken || res.Reason != ReasonReset || !strings.Contains(err.Error(), "closed the connection while we were sending") {
		t.Errorf("%v, %+v", err, res)
	}
	out.Close()
	if got, _ := io.ReadAll(r); string(got) != "last words" {
		t.Errorf("received %.40q", got)
	}
}

// The peer's acknowledgements are signs of life while one long write waits.
func TestSlowReaderIsNotIdle(t *testing.T) {
	t.Parallel()
	// A peer with a buffer of a few packets: with a smaller one it is the sender that has to
	// ask whether there is room again, ever more seldom (tcp(7)'s zero window probes).
	const idle, gap = 3 * time.Second, 50 * time.Millisecond
	data := content(4 << 20)
	conn := dialled(t, func(c *net.TCPConn) {
		c.SetReadBuffer(32 << 10)
		buf := make([]byte, 8<<10)
		c.Read(buf)
		for began := time.Now(); time.Since(began) < 5*idle/2; time.Sleep(gap) { // how this peer behaves; then it resets
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	})
	conn.SetWriteBuffer(128 << 10)
	in, w := rawPipe(t, false)
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		w.Write(data)
	}()
	res, err := ended(t, &Session{Conn: conn, In: in, Idle: idle})
	if exit.Of(err) != exit.Broken || res.Reason != ReasonReset || res.Elapsed < 2*idle {
		t.Errorf("%v, %+v", err, res)
	}
	in.Close()
	<-fed
}

// A peer that takes nothing is idle, however long the write.
func TestStuckWriteIsIdle(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	conn := dialled(t, func(c *net.TCPConn) { c.SetReadBuffer(4096); <-release })
	defer close(release)
	res, err := ended(t, &Session{Conn: conn, In: file(t, content(20<<20)), Idle: 300 * time.Millisecond})
	if exit.Of(err) != exit.TimedOut || res.Reason != ReasonIdle || res.Undelivered <= 0 {
		t.Errorf("%v, %+v", err, res)
	}
}

// A write to Out that the kernel holds does not hold the session's end.
func TestEndBesideABlockedWrite(t *testing.T) {
	t.Parallel()
	conn := dialled(t, func(c *net.TCPConn) { c.Write(content(4 * bufferSize)); io.Copy(io.Discard, c) })
	r, w := rawPipe(t, false)
	s := &Session{Conn: conn, Out: w, Deadline: 200 * time.Millisecond}
	full := make(chan struct{})
	s.Incoming = func(p []byte) ([]byte, bool) { // splice would not block
		if s.counts.in.Load() > bufferSize {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		return p, false
	}
	e, err := newEngine(s)
	if err != nil {
		t.Fatal(err)
	}
	e.launch()
	<-full // more has come than the pipe takes
	e.supervise(t.Context())
	e.release()
	if res, err := e.result(), e.verdict(); exit.Of(err) != exit.TimedOut || res.Reason != ReasonMaxTime {
		t.Errorf("%v, %+v", err, res)
	}
	if e.running == 0 {
		t.Error("nothing was held")
	}
	go io.Copy(io.Discard, r) // the write ends, and its goroutine, before anybody closes Out
	for ; e.running > 0; e.running-- {
		<-e.events
	}
	e.halt.close()
	e.wake.close()
}

// The timers' defaults, what turns them off, and what datagrams change.
func TestTimers(t *testing.T) {
	t.Parallel()
	stream := dialled(t, func(c *net.TCPConn) { io.Copy(io.Discard, c) })
	defer stream.Close()
	datagram, err := net.Dial("udp", stream.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer datagram.Close()
	for _, test := range []struct {
		s                *Session
		linger, afterEOF time.Duration
	}{
		{&Session{Conn: stream}, 5 * time.Second, 0},
		{&Session{Conn: datagram}, 5 * time.Second, 2 * time.Second},
		{&Session{Conn: stream, Linger: time.Minute, AfterEOF: time.Second}, time.Minute, time.Second},
		{&Session{Conn: datagram, Linger: 1, AfterEOF: 1}, 1, 1},
		{&Session{Conn: stream, Linger: -1, AfterEOF: -1}, 0, 0},
		{&Session{Conn: datagram, Linger: -1, AfterEOF: -1}, 0, 0},
	} {
		e, err := newEngine(test.s)
		if err != nil {
			t.Fatal(err)
		}
		if e.linger != test.linger || e.afterEOF != test.afterEOF {
			t.Errorf("linger %v, after EOF %v; want %v and %v", e.linger, e.afterEOF, test.linger, test.afterEOF)
		}
		e.halt.close()
		e.wake.close()
	}
}

// A datagram is as long as IPv4 allows, and no longer.
func TestLongestDatagram(t *testing.T) {
	t.Parallel()
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := net.Dial("udp", peer.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	res, err := ended(t, &Session{Conn: conn, In: file(t, content(70_000))})
	if err != nil || res.BytesOut != 70_000 {
		t.Fatalf("%v, %+v", err, res)
	}
	var got []byte
	buf := make([]byte, 1<<17)
	for _, want := range []int{65507, 70_000 - 65507} {
		n, _, err := peer.ReadFrom(buf)
		if err != nil || n != want {
			t.Errorf("a datagram of %d bytes, %v; want %d", n, err, want)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, content(70_000)) {
		t.Error("the bytes are others")
	}
}

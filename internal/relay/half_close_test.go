//go:build unix

package relay

import (
	"io"
	"net"
	"testing"
	"time"
)

// A peer that takes our end for a hang-up is heard to the end: our side is open
// until it has ended its own.
func TestHeldOpen(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Hour, -1} {
		early := make(chan bool, 1)
		conn := dialled(t, func(c *net.TCPConn) {
			io.ReadFull(c, make([]byte, 5))
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // our end would be there by then, and is not
			_, err := c.Read(make([]byte, 1))
			early <- err == io.EOF
			io.WriteString(c, "answer")
		})
		r, out := rawPipe(t, false)
		s := &Session{Conn: conn, In: file(t, []byte("hello")), Out: out, HalfCloseAfter: after}
		s.HalfClosed = func() { t.Errorf("%v: our side was closed", after) }
		res, err := ended(t, s)
		if err != nil || res.Reason != ReasonEOF || <-early {
			t.Errorf("%v: %v, %+v", after, err, res)
		}
		out.Close()
		if got, _ := io.ReadAll(r); string(got) != "answer" {
			t.Errorf("%v: received %q", after, got)
		}
	}
}

// A peer that waits for our end gets it after the silence, once, and what it says
// then is received.
func TestHeldOpenUntilSilence(t *testing.T) {
	t.Parallel()
	const after = 100 * time.Millisecond
	r, out := rawPipe(t, false)
	told := 0
	s := &Session{
		Conn: dialled(t, echo), In: file(t, []byte("hello")), Out: out,
		HalfCloseAfter: after, HalfClosed: func() { told++ },
	}
	res, err := ended(t, s)
	out.Close()
	got, _ := io.ReadAll(r)
	if err != nil || res.Reason != ReasonEOF || res.Elapsed < after || told != 1 || string(got) != "hello" {
		t.Errorf("%v, %+v, told %d times, received %q", err, res, told, got)
	}
}

// What decides is the silence since the last byte, or since In ended; waiting for
// whoever reads Out is none.
func TestSilence(t *testing.T) {
	t.Parallel()
	const after = time.Minute
	for name, test := range map[string]struct {
		heard, blocked bool
		shut           bool
	}{
		"silence":        {shut: true},
		"a byte arrived": {heard: true},
		"out is blocked": {blocked: true},
	} {
		e, err := newEngine(&Session{Conn: dialled(t, func(c *net.TCPConn) { io.Copy(io.Discard, c) }), HalfCloseAfter: after})
		if err != nil {
			t.Fatal(err)
		}
		c := &e.s.counts
		c.started.Store(time.Now().Add(-time.Hour).UnixNano())
		e.hold, e.quiet = timer(0), timer(0)
		e.inputEnded()
		if e.link.shut {
			t.Errorf("%s: our side was closed at once", name)
		}
		c.lastIn.Store(c.now() - int64(after))
		if test.heard {
			c.received(1)
		}
		c.outBlocked.Store(test.blocked)
		e.checkHold()
		if e.link.shut != test.shut {
			t.Errorf("%s: our side closed %v, want %v", name, e.link.shut, test.shut)
		}
		e.hold.Stop()
		e.link.close(true)
		e.halt.close()
		e.wake.close()
	}
}

// The end of In is the beginning of the silence, however long nothing was received
// before.
func TestSilenceBegins(t *testing.T) {
	t.Parallel()
	const after = 200 * time.Millisecond
	in, w := rawPipe(t, false)
	shut := time.Time{}
	s := &Session{Conn: dialled(t, echo), In: in, HalfCloseAfter: after, HalfClosed: func() { shut = time.Now() }}
	_, s.Out = rawPipe(t, false)
	ending := make(chan time.Time, 1)
	go func() {
		time.Sleep(2 * after) // nothing is received all the while
		ending <- time.Now()
		w.Close()
	}()
	if res, err := ended(t, s); err != nil || shut.Sub(<-ending) < after {
		t.Errorf("%v, %+v: our side was closed too early", err, res)
	}
}

// A line that quits ends the session without our end, and the peer's last words are
// awaited.
func TestQuitHeldOpen(t *testing.T) {
	t.Parallel()
	early := make(chan bool, 1)
	conn := dialled(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 5))
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		early <- err == io.EOF
		io.WriteString(c, "bye")
	})
	r, out := rawPipe(t, false)
	s := &Session{Conn: conn, In: typed(t, "quit\n"), Out: out, QuitOn: "quit", HalfCloseAfter: time.Hour, Linger: time.Hour}
	res, err := ended(t, s)
	out.Close()
	if got, _ := io.ReadAll(r); err != nil || res.Reason != ReasonQuit || string(got) != "bye" || <-early {
		t.Errorf("%v, %+v, received %q", err, res, got)
	}
}

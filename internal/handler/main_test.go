package handler

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/handoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should happen at once.
const patience = 30 * time.Second

// kind is a way to drive a connection.
type kind struct {
	name string
	wrap func(t *testing.T, c *net.TCPConn, limits handoff.Limits) Conn
}

// timed is a connection of the server's own process.
func timed() kind {
	return kind{"timed", func(_ *testing.T, c *net.TCPConn, limits handoff.Limits) Conn {
		return Timed(c, limits, time.Now(), new(handoff.Activity))
	}}
}

// run is a handler at work and the client's end of its connection.
type run struct {
	t       *testing.T
	client  *net.TCPConn
	in, out atomic.Int64
	ended   chan error
}

// start runs a handler on one end of a TCP connection.
func start(t *testing.T, k kind, name, quitOn string, limits handoff.Limits) *run {
	t.Helper()
	handle, ok := Lookup(name)
	if !ok {
		t.Fatalf("no handler %s", name)
	}
	client, server := tcpPair(t)
	r := &run{t: t, client: client, ended: make(chan error, 1)}
	conn := k.wrap(t, server, limits)
	go func() {
		err := handle(&Session{Conn: conn, QuitOn: quitOn, In: &r.in, Out: &r.out})
		server.Close()
		if raw, ok := conn.(io.Closer); ok {
			raw.Close()
		}
		r.ended <- err
	}()
	return r
}

func tcpPair(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// reason waits for the handler's end and returns why it ended.
func (r *run) reason() handoff.Reason {
	r.t.Helper()
	select {
	case err := <-r.ended:
		reason, text := ReasonOf(err)
		if (text != "") != (reason == handoff.Error) {
			r.t.Errorf("reason %v with text %q", reason, text)
		}
		return reason
	case <-time.After(patience):
		r.t.Fatal("the handler does not end")
		return 0
	}
}

// wantEnd expects how the handler ended, and how many bytes passed.
func (r *run) wantEnd(reason handoff.Reason, in, out int64) {
	r.t.Helper()
	if got := r.reason(); got != reason {
		r.t.Errorf("ended with %v, want %v", got, reason)
	}
	if r.in.Load() != in || r.out.Load() != out {
		r.t.Errorf("counted %d bytes in and %d out, want %d and %d", r.in.Load(), r.out.Load(), in, out)
	}
}

// wantRest expects these bytes and then EOF.
func (r *run) wantRest(want string) {
	r.t.Helper()
	if got, err := io.ReadAll(r.client); string(got) != want || err != nil {
		r.t.Errorf("got %q, %v; want %q and EOF", got, err, want)
	}
}

func (r *run) say(text string) {
	r.t.Helper()
	if _, err := r.client.Write([]byte(text)); err != nil {
		r.t.Error(err)
	}
}

// wantEcho expects text next.
func (r *run) wantEcho(text string) {
	r.t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(r.client, got); string(got) != text || err != nil {
		r.t.Errorf("got %q, %v; want %q", got[:n], err, text)
	}
}

// abort resets the connection.
func (r *run) abort() {
	r.client.SetLinger(0)
	r.client.Close()
}

// eachKind runs a test for every way to drive a connection.
func eachKind(t *testing.T, test func(t *testing.T, k kind)) {
	t.Helper()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want handoff.Reason
		text string
	}{
		{nil, handoff.EOF, ""},
		{errQuit, handoff.Quit, ""},
		{&Expired{handoff.Idle}, handoff.Idle, ""},
		{errors.Join(&Expired{handoff.MaxTime}), handoff.MaxTime, ""},
		{errors.New("odd"), handoff.Error, "odd"},
		{os.ErrDeadlineExceeded, handoff.Error, os.ErrDeadlineExceeded.Error()},
	} {
		if got, text := ReasonOf(test.err); got != test.want || text != test.text {
			t.Errorf("%v: %v, %q", test.err, got, text)
		}
	}
	if got := (&Expired{handoff.FirstByte}).Error(); got != "first_byte timer expired" {
		t.Errorf("got %q", got)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		if _, ok := Lookup(name); !ok {
			t.Errorf("no handler %s", name)
		}
	}
	for _, name := range []string{"", "Echo", "stdio"} {
		if _, ok := Lookup(name); ok {
			t.Errorf("there is a handler %q", name)
		}
		if ClientSpeaksFirst(name) {
			t.Errorf("the client of %q speaks first", name)
		}
	}
	if ClientSpeaksFirst("chargen") || !ClientSpeaksFirst("discard") {
		t.Error("who speaks first is wrong")
	}
}

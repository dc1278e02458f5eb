package tlsserve

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"nettool/internal/handler"
	"nettool/internal/handoff"
)

// patience bounds what should happen at once.
const patience = 30 * time.Second

// pair is a TCP connection.
func pair(t *testing.T) (client, server *net.TCPConn) {
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
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	c.SetDeadline(time.Now().Add(patience))
	s.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

// serving runs f on the server's end, as a handler, and returns the client's end,
// and what f returns.
func serving(t *testing.T, config *tls.Config, timeout time.Duration, f func(handler.Conn) error) (client *net.TCPConn, result chan error) {
	t.Helper()
	client, server := pair(t)
	result = make(chan error, 1)
	run := Over(func(s *handler.Session) error { return f(s.Conn) }, config, timeout)
	go func() {
		result <- run(&handler.Session{Conn: server})
		server.Close()
	}()
	return client, result
}

func echo(c handler.Conn) error {
	_, err := io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
	return err
}

func config(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	k := keeper(t, Files{Certs: []string{good(t, t.TempDir(), "a")}})
	return k.Config(), &tls.Config{InsecureSkipVerify: true}
}

func reasonOf(err error) handoff.Reason {
	reason, _ := handler.ReasonOf(err)
	return reason
}

// TestHalfClose: each side's end is close_notify, and the peer still hears.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	server, client := config(t)
	conn, result := serving(t, server, 0, func(c handler.Conn) error {
		c.Write([]byte("question"))
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if string(got) != "answer" {
			t.Errorf("%q", got)
		}
		return err
	})
	c := tls.Client(conn, client)
	if got, err := io.ReadAll(c); string(got) != "question" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	io.WriteString(c, "answer")
	c.CloseWrite()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestTruncated: an end without close_notify is not one.
func TestTruncated(t *testing.T) {
	t.Parallel()
	server, client := config(t)
	conn, result := serving(t, server, 0, echo)
	c := tls.Client(conn, client)
	io.WriteString(c, "word")
	io.ReadFull(c, make([]byte, 4))
	conn.CloseWrite()
	if err := <-result; reasonOf(err) != handoff.TLS || !strings.Contains(err.Error(), "without close_notify") {
		t.Errorf("%v", err)
	}
}

// TestReset: a connection that breaks below is not TLS's fault.
func TestReset(t *testing.T) {
	t.Parallel()
	server, client := config(t)
	conn, result := serving(t, server, 0, echo)
	c := tls.Client(conn, client)
	io.WriteString(c, "word")
	io.ReadFull(c, make([]byte, 4))
	conn.SetLinger(0)
	conn.Close()
	if err := <-result; reasonOf(err) != handoff.Reset {
		t.Errorf("%v", err)
	}
}

// TestNoHandshake: what comes instead of one is named.
func TestNoHandshake(t *testing.T) {
	t.Parallel()
	server, _ := config(t)
	for want, said := range map[string]string{
		`does not speak TLS, it said "SSH-2"`:             "SSH-2.0-OpenSSH\r\n",
		"without close_notify":                            "\x16\x03\x01\x02\x00\x01",
		"error decoding message":                          "\x16\x03\x01\x00\x04\x02\x00\x00\x00",
		"oversized record received with length 65535":     "\x16\x03\x01\xff\xff" + strings.Repeat("x", 100),
		`does not speak TLS, it said "\x80.\x01\x00\x02"`: "\x80\x2e\x01\x00\x02",
	} {
		conn, result := serving(t, server, patience, echo)
		io.WriteString(conn, said)
		conn.CloseWrite()
		err := <-result
		if reasonOf(err) != handoff.TLS || !strings.HasPrefix(err.Error(), "TLS handshake: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", said, err, want)
		}
	}
	conn, result := serving(t, server, patience, echo)
	conn.CloseWrite()
	if err := <-result; err != nil {
		t.Errorf("nothing at all: %v", err)
	}
	conn, result = serving(t, server, time.Millisecond, echo)
	if err := <-result; reasonOf(err) != handoff.TLS || err.Error() != "TLS handshake: not done in 1ms" {
		t.Errorf("nothing for too long: %v", err)
	}
	conn.Close()
}

// TestTickets: a session is taken up again with what another child was given.
func TestTickets(t *testing.T) {
	t.Parallel()
	k := keeper(t, Files{Certs: []string{good(t, t.TempDir(), "a")}})
	another := func() *tls.Config {
		text, err := k.Material().Text()
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return Config(&handoff.TLSOptions{}, m)
	}
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "a", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i := range 2 + ticketKeys {
		conn, result := serving(t, another(), 0, echo)
		c := tls.Client(conn, client)
		io.WriteString(c, "word")
		c.CloseWrite()
		if got, err := io.ReadAll(c); string(got) != "word" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
		if c.ConnectionState().DidResume != (i > 0) {
			t.Errorf("session %d: resumed %v", i, i == 0)
		}
		k.Rotate()
	}
}

// TestExpired: a timer below stays the reason, after a handshake that is in time.
func TestExpired(t *testing.T) {
	t.Parallel()
	server, client := config(t)
	ours, theirs := pair(t)
	result := make(chan error, 1)
	go func() {
		timed := handler.Timed(theirs, handoff.Limits{FirstByte: 3 * time.Second}, time.Now(), new(handoff.Activity))
		result <- Over(func(s *handler.Session) error { return echo(s.Conn) }, server, patience)(&handler.Session{Conn: timed})
	}()
	c := tls.Client(ours, client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; reasonOf(err) != handoff.FirstByte {
		t.Errorf("%v", err)
	}
}

// FuzzServer: whatever a client says, the handshake ends.
func FuzzServer(f *testing.F) {
	k, _, err := NewKeeper(handoff.TLSOptions{}, Files{Certs: []string{good(f, f.TempDir(), "a")}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	defer k.Close()
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(bytes.Repeat([]byte("\x17\x03\x03\x00\x00"), 100))
	f.Fuzz(func(t *testing.T, said []byte) {
		conn := &scripted{Reader: bytes.NewReader(said)}
		_, err := Server(conn, k.Config(), 0)
		if _, broken := errors.AsType[*handler.Broken](err); !broken && err != io.EOF {
			t.Errorf("%q: %v", said, err)
		}
	})
}

// scripted is a connection of a client that says what it says.
type scripted struct{ *bytes.Reader }

func (*scripted) Write(b []byte) (int, error)       { return len(b), nil }
func (*scripted) CloseWrite() error                 { return nil }
func (*scripted) CloseRead() error                  { return nil }
func (*scripted) SetReadDeadline(t time.Time) error { return nil }

package proxy

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"nettool/internal/exit"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"socks5://user:p%40ss@127.0.0.1:9": "socks5://127.0.0.1:9 user p@ss",
		"socks5h://localhost":              "socks5://localhost:1080  ",
		"socks4://[::1]:9":                 "socks4a://[::1]:9  ",
		"http://proxy:3128/":               "http://proxy:3128  ",
	} {
		p, err := Parse(text)
		if got := p.String() + " " + p.User + " " + p.Password; err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "localhost:1080", "ftp://a:1", "http://a", "http://a:1/x", "socks5://"} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q: %v", text, p)
		}
	}
	if _, err := Parse("http://me:secret@a"); strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// talk runs Connect against a proxy that says answer and keeps what it is told.
func talk(t *testing.T, p Proxy, host, answer string) (said string, rest string, err error) {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	var got bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(&got, server)
	}()
	go io.WriteString(server, answer+"PEER")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = p.Connect(ctx, client, host, "80")
	if err == nil {
		b := make([]byte, 4)
		io.ReadFull(client, b)
		rest = string(b)
	}
	client.Close()
	<-done
	return got.String(), rest, err
}

func TestConnect(t *testing.T) {
	t.Parallel()
	ok5 := "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	for name, test := range map[string]struct {
		proxy              Proxy
		host, answer, said string
		err                string
		code               exit.Code
	}{
		"socks5 name":     {Proxy{Scheme: "socks5"}, "abc", "\x05\x00" + ok5, "\x05\x01\x00\x05\x01\x00\x03\x03abc\x00\x50", "", 0},
		"socks5 v4":       {Proxy{Scheme: "socks5"}, "127.0.0.1", "\x05\x00" + ok5, "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50", "", 0},
		"socks5 domain":   {Proxy{Scheme: "socks5"}, "abc", "\x05\x00\x05\x00\x00\x03\x02xy\x00\x50", "\x05\x01\x00\x05\x01\x00\x03\x03abc\x00\x50", "", 0},
		"socks5 password": {Proxy{Scheme: "socks5", User: "u", Password: "pw"}, "abc", "\x05\x02\x01\x00" + ok5, "\x05\x02\x00\x02\x01\x01u\x02pw\x05\x01\x00\x03\x03abc\x00\x50", "", 0},
		"socks5 wrong":    {Proxy{Scheme: "socks5", User: "u", Password: "pw"}, "abc", "\x05\x02\x01\x01", "", "rejected the user name or the password", exit.Handshake},
		"socks5 wants":    {Proxy{Scheme: "socks5"}, "abc", "\x05\xff", "", "wants a user name and a password", exit.Handshake},
		"socks5 refused":  {Proxy{Scheme: "socks5"}, "abc", "\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", "", "connection refused", exit.Unreachable},
		"socks5 rules":    {Proxy{Scheme: "socks5"}, "abc", "\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", "", "rules do not allow", exit.Handshake},
		"socks5 is http":  {Proxy{Scheme: "socks5"}, "abc", "HTTP/1.0 400", "", "does not speak SOCKS5", exit.Handshake},
		"socks4a":         {Proxy{Scheme: "socks4a", User: "me"}, "abc", "\x00\x5a\x00\x00\x00\x00\x00\x00", "\x04\x01\x00\x50\x00\x00\x00\x01me\x00abc\x00", "", 0},
		"socks4":          {Proxy{Scheme: "socks4a"}, "127.0.0.1", "\x00\x5a\x00\x00\x00\x00\x00\x00", "\x04\x01\x00\x50\x7f\x00\x00\x01\x00", "", 0},
		"socks4 no":       {Proxy{Scheme: "socks4a"}, "abc", "\x00\x5b\x00\x00\x00\x00\x00\x00", "", "could not connect", exit.Handshake},
		"http":            {Proxy{Scheme: "http"}, "::1", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "", 0},
		"http password":   {Proxy{Scheme: "http", User: "u", Password: "pw"}, "abc", "HTTP/1.0 200\r\n\r\n", "CONNECT abc:80 HTTP/1.1\r\nHost: abc:80\r\nProxy-Authorization: Basic dTpwdw==\r\n\r\n", "", 0},
		"http spaces":     {Proxy{Scheme: "http"}, "abc", "HTTP/1.1  200\r\n\r\n", "CONNECT abc:80 HTTP/1.1\r\nHost: abc:80\r\n\r\n", "", 0},
		"http wants":      {Proxy{Scheme: "http"}, "abc", "HTTP/1.1 407 Proxy Auth\r\n\r\n", "", "wants a user name", exit.Handshake},
		"http no":         {Proxy{Scheme: "http"}, "abc", "HTTP/1.1 502 Bad\r\n\r\n", "", `502 Bad`, exit.Handshake},
		"http is ssh":     {Proxy{Scheme: "http"}, "abc", "SSH-2.0\r\n\r\n", "", "does not speak HTTP", exit.Handshake},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, rest, err := talk(t, test.proxy, test.host, test.answer)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || exit.Of(err) != test.code {
					t.Errorf("%v, code %d", err, exit.Of(err))
				}
				return
			}
			if err != nil || said != test.said || rest != "PEER" {
				t.Errorf("%v: said %q, then read %q", err, said, rest)
			}
		})
	}
}

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go io.Copy(io.Discard, server)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := (Proxy{Scheme: "http"}).Connect(ctx, client, "abc", "80")
	if exit.Of(err) != exit.ConnectTimeout || !strings.Contains(err.Error(), "timed out") {
		t.Error(err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, scheme := range []string{"socks5", "socks4a", "http"} {
			conn := &script{Reader: bytes.NewReader(answer)}
			(Proxy{Scheme: scheme, User: "u"}).Connect(t.Context(), conn, "abc", "80")
		}
	})
}

// script is a connection that has all its answers ready.
type script struct {
	net.Conn
	io.Reader
}

func (s *script) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s *script) Write(p []byte) (int, error) { return len(p), nil }
func (s *script) SetDeadline(time.Time) error { return nil }

func TestHeader(t *testing.T) {
	t.Parallel()
	v4 := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 258}
	to := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80}
	v6 := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}
	if got := string(Header(1, v4, to)); got != "PROXY TCP4 192.0.2.1 192.0.2.2 258 80\r\n" {
		t.Error(got)
	}
	if got := string(Header(1, v6, v6)); got != "PROXY TCP6 2001:db8::1 2001:db8::1 1 1\r\n" {
		t.Error(got)
	}
	if got := string(Header(1, &net.UnixAddr{}, to)); got != "PROXY UNKNOWN\r\n" {
		t.Error(got)
	}
	sig := "0d0a0d0a000d0a515549540a"
	if got := hex.EncodeToString(Header(2, v4, to)); got != sig+"2111000c"+"c0000201c000020201020050" {
		t.Error(got)
	}
	if got := Header(2, v6, v6); len(got) != 16+36 || got[13] != 0x21 {
		t.Errorf("%x", got)
	}
	if got := hex.EncodeToString(Header(2, &net.UnixAddr{}, to)); got != sig+"21000000" {
		t.Error(got)
	}
}

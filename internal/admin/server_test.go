package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serving(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listeners = []net.Listener{l}
	s.Pages = map[string]Page{"/x": func() Reply { return Plain(200, "here") }, "/": Live}
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// ask sends text and parses the answer as another HTTP implementation does.
func ask(t *testing.T, addr, text string) (status int, body string) {
	t.Helper()
	c := dial(t, addr)
	io.WriteString(c, text)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.80q: %v", text, err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil || !r.Close {
		t.Fatalf("%.80q: %v, close %v", text, err, r.Close)
	}
	return r.StatusCode, string(b)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	addr := serving(t, &Server{})
	for _, test := range []struct {
		request string
		status  int
	}{
		{"GET /x HTTP/1.1\r\nHost: " + addr + "\r\n\r\n", 200},
		{"GET /x?a=b HTTP/1.0\n\n", 200},
		{"GET /y HTTP/1.1\r\n\r\n", 404},
		{"GET /../x HTTP/1.1\r\n\r\n", 404},
		{"DELETE /x HTTP/1.0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", 405},
		{"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405},
		{"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
		{"GET /x HTTP/3.0\r\n\r\n", 505},
		{"\x16\x03\x01\x02\x00\n\n", 400},
		{"GET /x HTTP/1.1\r\nA: " + strings.Repeat("a", requestLimit) + "\r\n\r\n", 431},
		{strings.Repeat("\x00", 3*requestLimit), 431},
	} {
		if got, body := ask(t, addr, test.request); got != test.status {
			t.Errorf("%.80q: got %d %s, want %d", test.request, got, body, test.status)
		}
	}
	if _, body := ask(t, addr, "GET /x HTTP/1.1\r\n\r\n"); body != "here\n" {
		t.Errorf("got %q", body)
	}
}

// TestHead: a HEAD has the header of a GET, and no body.
func TestHead(t *testing.T) {
	t.Parallel()
	addr := serving(t, &Server{})
	for path, status := range map[string]string{"/x": "200 OK", "/y": "404 Not Found"} {
		c := dial(t, addr)
		fmt.Fprintf(c, "HEAD %s HTTP/1.1\r\n\r\n", path)
		b, err := io.ReadAll(c)
		if got := string(b); err != nil || !strings.HasPrefix(got, "HTTP/1.1 "+status+"\r\n") ||
			!strings.HasSuffix(got, "\r\n\r\n") || strings.Contains(got, "Content-Length: 0\r\n") {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
}

// TestUnix: a client of a unix socket asks by whatever name.
func TestUnix(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Listeners: []net.Listener{l}, Pages: map[string]Page{"/x": func() Reply { return Plain(200, "here") }}}
	s.Start()
	defer s.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n")
	if b, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 ") {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestSlowClients: connections that say nothing do not keep others out, however
// many there are.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	addr := serving(t, &Server{})
	var silent []net.Conn
	for range 3 * mostConns {
		c := dial(t, addr)
		io.WriteString(c, "GET /x HTTP/1.1\r\nA: ")
		silent = append(silent, c)
		if status, _ := ask(t, addr, "GET /x HTTP/1.1\r\n\r\n"); status != 200 {
			t.Fatalf("got %d", status)
		}
	}
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the oldest connection was not closed: %v", err)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	addr := serving(t, &Server{Allowed: func(a netip.Addr) bool { return a.String() == "192.0.2.1" }})
	c := dial(t, addr)
	if b, _ := io.ReadAll(c); len(b) > 0 {
		t.Errorf("got %q", b)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	addr := serving(t, &Server{})
	status, body := ask(t, addr, "GET / HTTP/1.1\r\n\r\n")
	if status != 200 || !strings.Contains(body, "</html>") {
		t.Errorf("got %d %q", status, body)
	}
	for _, foreign := range []string{"http://", "https://", "//cdn", "src=", "@import", "url("} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page loads something: %q", foreign)
		}
	}
	if p := policy(); strings.Count(p, "sha256-") != 2 || strings.Contains(p, "unsafe") {
		t.Errorf("policy %q", p)
	}
	for _, element := range []string{"script", "style"} {
		if strings.Count(page, "<"+element) != 1 || strings.Contains(page, fmt.Sprintf("<%s ", element)) {
			t.Errorf("the page needs one plain %s", element)
		}
	}
}

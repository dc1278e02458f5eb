package ident

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRead has what tcpclient puts into TCPREMOTEINFO for the same answers.
func TestRead(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"1 , 2 : USERID : UNIX : joe\r\n":                "joe",
		"1 , 2 : USERID : UNIX : joe\n":                  "joe",
		"1 , 2 : USERID : UNIX : j o\te  x\r\n":          "joex",
		"1 , 2 : USERID : UNIX :joe:x@y\r\n":             "joe:x@y",
		"1 , 2 : ERROR : NO-USER\r\n":                    "",
		"1 , 2 : ERROR : NO-USER : x : y\r\n":            "x:y",
		"joe\r\n":                                        "",
		"\r\n":                                           "",
		"\n\n::: joe\r\n":                                "",
		":::\r\n":                                        "",
		"::: \x01\x02\x7f\x80\xff;|$`\\\"'=\r\n":         "\x01\x02\x7f\x80\xff;|$`\\\"'=",
		"::: a\x00b\r\n":                                 "a",
		"::: a\rb\rc\n":                                  "abc",
		strings.Repeat("y", 4000) + ":::joe\r\n":         "joe",
		":::" + strings.Repeat("x", 256) + "\n":          strings.Repeat("x", 256),
		":::" + strings.Repeat("x", 257):                 strings.Repeat("x", 257),
		":::" + strings.Repeat("x ", 900) + "\r\n":       strings.Repeat("x", 257),
		":::" + strings.Repeat("x", 300) + "\x00yes\r\n": strings.Repeat("x", 257),
	} {
		info, err := read(strings.NewReader(answer))
		if info != want || err != nil {
			t.Errorf("%.40q: got %q, %v, want %q", answer, info, err, want)
		}
		if slow, err := read(iotest.OneByteReader(strings.NewReader(answer))); slow != info || err != nil {
			t.Errorf("%.40q by bytes: got %q, %v", answer, slow, err)
		}
	}
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"":                            errCut,
		"1 , 2 : USERID : UNIX : joe": errCut,
		strings.Repeat("y", maxReply): errTooLong,
		":::" + strings.Repeat(" ", maxReply) + "\n": errTooLong,
	} {
		if info, err := read(strings.NewReader(answer)); info != "" || !errors.Is(err, want) {
			t.Errorf("%.40q: got %q, %v, want %v", answer, info, err, want)
		}
	}
	if _, err := read(iotest.ErrReader(iotest.ErrTimeout)); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

// server answers one question, after it has seen it.
func server(t *testing.T, answer string) (at netip.AddrPort, question <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		b := make([]byte, 100)
		n, _ := conn.Read(b)
		from, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		heard <- from + " " + string(b[:n])
		if answer == "" {
			conn.Read(b) // until they give up
		}
		conn.Write([]byte(answer))
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort(), heard
}

func TestQuery(t *testing.T) {
	t.Parallel()
	at, question := server(t, "7 , 1000 : USERID : UNIX : joe\r\n")
	local, remote := netip.MustParseAddrPort("127.0.0.2:1000"), netip.MustParseAddrPort("[::ffff:127.0.0.1]:7")
	info, err := query(t.Context(), local, remote, at.Port())
	if info != "joe" || err != nil {
		t.Errorf("got %q, %v", info, err)
	}
	if got := <-question; got != "127.0.0.2 7 , 1000\r\n" {
		t.Errorf("asked %q", got)
	}
}

// TestQueryEnds: a host that says nothing costs the time that ctx gives it.
func TestQueryEnds(t *testing.T) {
	t.Parallel()
	at, question := server(t, "")
	end := netip.MustParseAddrPort("127.0.0.1:1")
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-question
		cancel(why)
	}()
	if info, err := query(ctx, end, end, at.Port()); info != "" || !errors.Is(err, why) {
		t.Errorf("got %q, %v", info, err)
	}
	ctx, done := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer done()
	if _, err := query(ctx, end, end, at.Port()); err == nil {
		t.Error("the time had run out before")
	}
}

func TestQueryNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	at := conn.LocalAddr().(*net.TCPAddr).AddrPort() // taken, and nobody listens
	if _, err := query(t.Context(), netip.AddrPortFrom(at.Addr(), 1), at, at.Port()); err == nil || !strings.HasPrefix(err.Error(), "ident: dial tcp ") {
		t.Errorf("got %v", err)
	}
	if _, err := Query(t.Context(), netip.MustParseAddrPort("[::1]:1"), at); err == nil || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("got %v", err)
	}
	if _, err := Query(t.Context(), netip.AddrPort{}, netip.AddrPort{}); err == nil {
		t.Error("no addresses")
	}
}

// FuzzRead: the answer is short, can be in the environment, and does not depend on
// how it arrives.
func FuzzRead(f *testing.F) {
	f.Add("1 , 2 : USERID : UNIX : joe\r\n")
	f.Add("1,2:ERROR:NO-USER\r\n")
	f.Add(":::a\x00b\n")
	f.Add(":::" + strings.Repeat("x", 300))
	f.Fuzz(func(t *testing.T, answer string) {
		info, err := read(strings.NewReader(answer))
		if len(info) > maxInfo || strings.ContainsAny(info, " \t\r\n\x00") || err != nil && info != "" {
			t.Fatalf("%q: %q, %v", answer, info, err)
		}
		slow, slowErr := read(iotest.OneByteReader(strings.NewReader(answer)))
		if slow != info || !errors.Is(slowErr, err) {
			t.Fatalf("%q: by bytes %q, %v; at once %q, %v", answer, slow, slowErr, info, err)
		}
	})
}

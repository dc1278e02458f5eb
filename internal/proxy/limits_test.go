package proxy

import (
	"io"
	"strings"
	"testing"
	"time"

	"nettool/internal/exit"
)

// endless is a proxy whose answer has no end. It counts what is read of it.
type endless struct {
	script
	begin, more string
	read        int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 100*headerLimit {
		return 0, io.ErrUnexpectedEOF // far more than enough
	}
	for i := range p {
		at := e.read + i
		if at < len(e.begin) {
			p[i] = e.begin[at]
		} else {
			p[i] = e.more[(at-len(e.begin))%len(e.more)]
		}
	}
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Write(p []byte) (int, error) { return len(p), nil }
func (*endless) SetDeadline(time.Time) error   { return nil }

// A header without an end is given up at 64 KiB, whatever it is made of.
func TestEndlessHeader(t *testing.T) {
	t.Parallel()
	for begin, more := range map[string]string{
		"HTTP/1.1 200 OK\r\n": "X-Filler: more and more\r\n",
		"HTTP/1.1 200 ":       "x",
		"":                    "\x00",
		"HTTP/1.0 200 OK":     "\r\n\r",
	} {
		conn := &endless{begin: begin, more: more}
		err := (Proxy{Scheme: "http"}).Connect(t.Context(), conn, "abc", "80")
		if exit.Of(err) != exit.Handshake || !strings.HasSuffix(err.Error(), "its answer has no end") {
			t.Errorf("%q: %v", begin, err)
		}
		if conn.read != 64<<10+1 {
			t.Errorf("%q: %d bytes were read", begin, conn.read)
		}
	}
}

// The longest header that is taken has 64 KiB.
func TestLongestHeader(t *testing.T) {
	t.Parallel()
	header := "HTTP/1.1 200 OK\r\nX: \r\n\r\n"
	fill := func(n int) string { return strings.Replace(header, "X: ", "X: "+strings.Repeat("x", n-len(header)), 1) }
	if _, rest, err := talk(t, Proxy{Scheme: "http"}, "abc", fill(64<<10)); err != nil || rest != "PEER" {
		t.Errorf("%v, then read %q", err, rest)
	}
	if _, _, err := talk(t, Proxy{Scheme: "http"}, "abc", fill(64<<10+1)); exit.Of(err) != exit.Handshake {
		t.Errorf("one byte more: %v", err)
	}
}

// What a proxy says is shown, but not at any length.
func TestLongRefusal(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 1000)
	for answer, want := range map[string]string{
		"HTTP/1.1 500 " + long: `answered "500 ` + long[:124] + `"`,
		"HTTP/1.1 407 " + long: `or others: "407 ` + long[:124] + `"`,
		long:                   `does not speak HTTP: "` + long[:128] + `"`,
	} {
		_, _, err := talk(t, Proxy{Scheme: "http"}, "abc", answer+"\r\n\r\n")
		if exit.Of(err) != exit.Handshake || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.20q: %v", answer, err)
		}
	}
}

// Every address in a SOCKS5 answer is read to its end and not a byte further,
// and one of unknown length is refused. A refusal needs no end.
func TestSocks5Answers(t *testing.T) {
	t.Parallel()
	const login, port = "\x05\x00", "\x00\x50"
	name := strings.Repeat("n", 255)
	for answer, want := range map[string]string{
		"\x05\x00\x00\x01\x7f\x00\x00\x01" + port:          "",
		"\x05\x00\x00\x04" + name[:16] + port:              "",
		"\x05\x00\x00\x03\xff" + name + port:               "",
		"\x05\x00\x00\x03\x01n" + port:                     "",
		"\x05\x00\x00\x03\x00" + port:                      "",
		"\x05\x00\x00\x02\x7f\x00\x00\x01" + port:          "its answer has an address of unknown type 2",
		"\x05\x00\x00\xff\xff" + name:                      "its answer has an address of unknown type 255",
		"\x04\x00\x00\x01\x7f\x00\x00\x01" + port:          "does not speak SOCKS5",
		"\x05\x01\x00\x01\x7f\x00\x00\x01" + port:          "general failure",
		"\x05\x03\x00\x01\x7f\x00\x00\x01" + port:          "network unreachable",
		"\x05\x04\x00\x03\xff" + name + port:               "host unreachable",
		"\x05\x06\x00\x01\x7f\x00\x00\x01" + port:          "TTL expired",
		"\x05\x07\x00\x01\x7f\x00\x00\x01" + port:          "cannot connect to anything",
		"\x05\x08\x00\x09\x7f\x00\x00\x01" + port:          "does not know this kind of address",
		"\x05\xfe\x00\x01\x7f\x00\x00\x01" + port:          "reply 254",
		"\x00\x00\x00\x01\x7f\x00\x00\x01\x7f\x00\x00\x01": "does not speak SOCKS5",
	} {
		_, rest, err := talk(t, Proxy{Scheme: "socks5"}, "abc", login+answer)
		switch {
		case want == "" && (err != nil || rest != "PEER"):
			t.Errorf("%.12q: %v, then read %q", answer, err, rest)
		case want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)):
			t.Errorf("%.12q: %v, want %s", answer, err, want)
		case want != "" && (exit.Of(err) == exit.Unreachable) != (answer[1] >= 3 && answer[1] <= 6):
			t.Errorf("%.12q: exit code %d", answer, exit.Of(err))
		}
	}
}

// An answer that is cut short is a closed connection, wherever that is.
func TestCutAnswers(t *testing.T) {
	t.Parallel()
	for scheme, answer := range map[string]string{
		"socks5":  "\x05\x02\x01\x00\x05\x00\x00\x03\x04name\x00\x50",
		"socks4a": "\x00\x5a\x00\x00\x00\x00\x00\x00",
		"http":    "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
	} {
		p := Proxy{Scheme: scheme, User: "u", Password: "p"}
		for n := range len(answer) {
			err := p.Connect(t.Context(), &script{Reader: strings.NewReader(answer[:n])}, "abc", "80")
			if exit.Of(err) != exit.Handshake || !strings.HasSuffix(err.Error(), "closed the connection during its handshake") {
				t.Errorf("%s, %q: %v", scheme, answer[:n], err)
			}
		}
		if err := p.Connect(t.Context(), &script{Reader: strings.NewReader(answer)}, "abc", "80"); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// SOCKS5 has a byte for the length of a name, a user and a password.
func TestSocks5Lengths(t *testing.T) {
	t.Parallel()
	const granted = "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
	long := strings.Repeat("l", 256)
	for _, test := range []struct {
		user, password, host, err string
	}{
		{long[:255], long[:255], long[:255], ""},
		{long, "p", "abc", "takes names and passwords of 255 bytes at most"},
		{"u", long, "abc", "takes names and passwords of 255 bytes at most"},
		{"u", "p", long, "takes names of 255 bytes at most"},
	} {
		p := Proxy{Scheme: "socks5", User: test.user, Password: test.password}
		said, _, err := talk(t, p, test.host, "\x05\x02\x01\x00"+granted)
		if test.err != "" {
			if err == nil || !strings.HasSuffix(err.Error(), test.err) {
				t.Errorf("%v, want %s", err, test.err)
			}
			continue
		}
		want := "\x05\x02\x00\x02\x01\xff" + test.user + "\xff" + test.password + "\x05\x01\x00\x03\xff" + test.host + "\x00\x50"
		if err != nil || said != want {
			t.Errorf("%v: said %q", err, said)
		}
	}
}

// A port has 16 bits.
func TestPorts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint16{"0": 0, "65535": 65535} {
		if got, err := portNumber(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"65536", "-1"} {
		if got, err := portNumber(text); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}

// TestRefusal: a no can be had as it came, and nothing else can.
func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scheme, answer string
		want           Refusal
	}{
		{"http", "HTTP/1.0 403 Forbidden\r\nX: y\r\n\r\n", Refusal{Line: "HTTP/1.0 403 Forbidden"}},
		{"http", "HTTP/1.1 407 Who?\r\n\r\n", Refusal{Line: "HTTP/1.1 407 Who?"}},
		{"http", "SSH-2.0-x\r\n\r\n", Refusal{Line: "SSH-2.0-x"}},
		{"http", "HTTP/1.0 403 " + strings.Repeat("x", 1000) + "\r\n\r\n", Refusal{Line: ("HTTP/1.0 403 " + strings.Repeat("x", 256))[:256]}},
		{"socks5", "\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", Refusal{SOCKS: 5, Reply: 5}},
		{"socks4a", "\x00\x5b\x00\x00\x00\x00\x00\x00", Refusal{SOCKS: 4, Reply: 91}},
		{"socks4a", "\x04", Refusal{}},
		{"socks5", "\x05\xff", Refusal{}},
	} {
		_, _, err := talk(t, Proxy{Scheme: test.scheme}, "example.com", test.answer)
		if got, ok := RefusalOf(err); got != test.want || ok != (test.want != Refusal{}) {
			t.Errorf("%q: %+v, %v", test.answer, got, ok)
		}
	}
}

package tlsdial

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"nettool/internal/exit"
)

// scripted is a peer in the clear that says everything at once.
type scripted struct {
	net.Conn
	io.Reader
	said bytes.Buffer
}

func (s *scripted) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s *scripted) Write(p []byte) (int, error) { return s.said.Write(p) }
func (s *scripted) SetDeadline(time.Time) error { return nil }
func (s *scripted) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

const ldapAsk = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"

// Each protocol asks in its words, and reads up to the consent and not a byte
// further.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ protocol, answers, said, err string }{
		{"smtp", "220-hello\r\n220 there\r\n250-a\r\n250-STARTTLS\r\n250 b\r\n220 go\r\n", "EHLO localhost\r\nSTARTTLS\r\n", ""},
		{"smtp", "220 a\n250 b\n220\n", "EHLO localhost\r\nSTARTTLS\r\n", ""},
		{"smtp", "220 a\r\n250 b\r\n454 not now\r\n", "EHLO localhost\r\nSTARTTLS\r\n", `the peer said "454 not now"`},
		{"smtp", "554 go away\r\n", "", `the peer said "554 go away"`},
		{"lmtp", "220 a\r\n250 b\r\n220 c\r\n", "LHLO localhost\r\nSTARTTLS\r\n", ""},
		{"ftp", "220 a\r\n234 b\r\n", "AUTH TLS\r\n", ""},
		{"nntp", "201 a\r\n382 b\r\n", "STARTTLS\r\n", ""},
		{"imap", "* OK hi\r\n* more\r\na OK go\r\n", "a STARTTLS\r\n", ""},
		{"imap", "* OK hi\r\na BAD what\r\n", "a STARTTLS\r\n", `the peer said "a BAD what"`},
		{"pop3", "+OK hi\r\n+OK go\r\n", "STLS\r\n", ""},
		{"pop3", "+OK hi\r\n-ERR no\r\n", "STLS\r\n", `the peer said "-ERR no"`},
		{"ldap", "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", ldapAsk, ""},
		{"ldap", "\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00", ldapAsk, ""},
		{"ldap", "\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x35\x04\x00\x04\x03no!", ldapAsk, `the peer said "no!", result code 53`},
		{"ldap", "\x30\x03\x02\x01\x07", ldapAsk, "the peer does not speak LDAP"},
		{"ldap", "\x30\x05\x02\x01\x01\x61\x00", ldapAsk, "the peer's answer is none to StartTLS"},
		{"ldap", "\x30\x80\x02\x01\x01\x00\x00", ldapAsk, "the peer talks on and on"},
		{"ldap", "\x30\x84\xff\xff\xff\xff", ldapAsk, "the peer talks on and on"},
		{"postgres", "S", "\x00\x00\x00\x08\x04\xd2\x16\x2f", ""},
		{"postgres", "N", "\x00\x00\x00\x08\x04\xd2\x16\x2f", `the peer said "N"`},
	} {
		conn := &scripted{Reader: strings.NewReader(test.answers + "TLS")}
		err := StartTLS(t.Context(), conn, test.protocol)
		if test.err != "" {
			if exit.Of(err) != exit.Handshake || !strings.HasSuffix(err.Error(), test.err) {
				t.Errorf("%s: %v, want %s", test.protocol, err, test.err)
			}
			continue
		}
		rest, _ := io.ReadAll(conn.Reader)
		if err != nil || conn.said.String() != test.said || string(rest) != "TLS" {
			t.Errorf("%s: %v, said %q, left %q", test.protocol, err, conn.said.String(), rest)
		}
	}
	if err := StartTLS(t.Context(), nil, "gopher"); exit.Of(err) != exit.Usage {
		t.Error(err)
	}
}

// A peer that ends, goes on and on, or says nothing, is given up.
func TestStartTLSGivesUp(t *testing.T) {
	t.Parallel()
	for answers, want := range map[string]string{
		"220 he":                           "the peer closed the connection",
		strings.Repeat("220-x\r\n", 10000): "the peer talks on and on",
		strings.Repeat("220", 10000):       "the peer talks on and on",
	} {
		err := StartTLS(t.Context(), &scripted{Reader: strings.NewReader(answers)}, "smtp")
		if exit.Of(err) != exit.Handshake || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.10q: %v", answers, err)
		}
	}
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := StartTLS(ctx, client, "smtp"); exit.Of(err) != exit.ConnectTimeout || !strings.HasSuffix(err.Error(), "timed out") {
		t.Error(err)
	}
}

func FuzzStartTLS(f *testing.F) {
	f.Add("220-hello\r\n220 there\r\n250 b\r\n220 go\r\n")
	f.Add("* OK hi\r\na OK go\r\n")
	f.Add("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00")
	f.Fuzz(func(t *testing.T, answers string) {
		for _, protocol := range []string{"smtp", "lmtp", "ftp", "nntp", "imap", "pop3", "ldap", "postgres"} {
			StartTLS(t.Context(), &scripted{Reader: strings.NewReader(answers)}, protocol)
		}
	})
}

package telnet

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestReceived: however the bytes come in, the text in them is the same, and so are the
// refusals.
func TestReceived(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct{ text, owed string }{
		"":                         {"", ""},
		"hello\r\n":                {"hello\r\n", ""},
		"a\xff\xffb":               {"a\xffb", ""},
		"\xff\xfd\x18login: ":      {"login: ", "\xff\xfc\x18"},
		"\xff\xfb\x01\xff\xfd\x03": {"", "\xff\xfe\x01\xff\xfc\x03"},
		"\xff\xfc\x01\xff\xfe\x03": {"", ""},
		"\xff\xf1\xff\xf9a":        {"a", ""},
		"\xff\xfa\x18\x01\xff\xff \xf0a\xff\xf0b": {"b", ""},
		"a\r\x00b\x00":                       {"a\rb\x00", ""},
		"\xff\xfb\xffx\xff":                  {"x", "\xff\xfe\xff"},
		"\r\xff\xf1\x00":                     {"\r", ""},
		"\xff\xff\x00":                       {"\xff\x00", ""},
		strings.Repeat("\xff\xfb\x01", 2000): {"", strings.Repeat("\xff\xfe\x01", mostOwed/3)},
	} {
		for size := 1; size <= len(in)+1; size += 1 + len(in)/7 {
			f := New()
			var text []byte
			for at := 0; at < len(in); at += size {
				text = append(text, f.Received([]byte(in[at:min(at+size, len(in))]))...)
			}
			if string(text) != want.text || string(f.owed) != want.owed {
				t.Errorf("%.40q in pieces of %d: %q, owes %.40q; want %q, %.40q", in, size, text, f.owed, want.text, want.owed)
			}
		}
	}
}

// TestSent: no byte is taken for a command, and line ends are the protocol's.
func TestSent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":             "",
		"plain":        "plain",
		"a\nb\n":       "a\r\nb\r\n",
		"a\r\nb":       "a\r\nb",
		"a\rb":         "a\r\x00b",
		"\xff\xff":     "\xff\xff\xff\xff",
		"\r\xff\r\r\n": "\r\x00\xff\xff\r\x00\r\n",
		"\n\n":         "\r\n\r\n",
	} {
		for size := 1; size <= len(in)+1; size++ {
			f := New()
			var got []byte
			for at := 0; at < len(in); at += size {
				got = append(got, f.Sent([]byte(in[at:min(at+size, len(in))]))...)
			}
			if string(got) != want {
				t.Errorf("%q in pieces of %d: %q, want %q", in, size, got, want)
			}
		}
	}
}

// TestAnswer: what is owed is written once, until the end.
func TestAnswer(t *testing.T) {
	t.Parallel()
	f, wrote, done := New(), make(chan string), make(chan struct{})
	over := make(chan struct{})
	go func() {
		f.Answer(func(b []byte) (int, error) { wrote <- string(b); return len(b), nil }, done)
		close(over)
	}()
	for range 3 {
		f.Received([]byte("\xff\xfd\x18"))
		if got := <-wrote; got != "\xff\xfc\x18" {
			t.Errorf("wrote %q", got)
		}
	}
	close(done)
	<-over
	f.Received([]byte("\xff\xfd\x18"))
	f.Answer(func([]byte) (int, error) { return 0, errors.New("broken") }, make(chan struct{}))
}

// FuzzReceived: what one end sends, whatever that is, the other receives; and nothing that
// is received is more than what has come.
func FuzzReceived(f *testing.F) {
	f.Add([]byte("\xff\xfa\x18\x00a\xff\xf0\r\n"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		step := int(size) + 1
		ours, theirs, hostile := New(), New(), New()
		var got []byte
		for at := 0; at < len(in); at += step {
			piece := in[at:min(at+step, len(in))]
			got = append(got, theirs.Received(bytes.Clone(ours.Sent(piece)))...)
			if n := len(hostile.Received(piece)); n > len(piece) {
				t.Fatalf("%d bytes out of %d", n, len(piece))
			}
		}
		want := bytes.ReplaceAll(bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		if len(theirs.owed) > 0 || len(hostile.owed) > mostOwed+3 {
			t.Fatalf("owes %q and %d bytes", theirs.owed, len(hostile.owed))
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("sent %q, received %q, want %q", in, got, want)
		}
	})
}

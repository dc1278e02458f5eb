package terminal

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/term"
)

// TestKeys: whatever pieces a key comes in, the editor gets one that it knows, and what
// is none does nothing.
func TestKeys(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain é\r":              "plain é\r",
		"\x1b[A\x1bOB":           "\x1b[A\x1b[B",
		"\x1bOH\x1b[1~\x1b[4~":   "\x1b[H\x1b[H\x1b[F",
		"\x1b[1;5C\x1bb\x1bf":    "\x1b[1;3C\x1b[1;3D\x1b[1;3C",
		"\x1b[3~":                "\x1b[3~",
		"a\x1b\x04":              "a\x04",
		"\x1b\x1b[A":             "\x1b[A",
		"\x1b[15~x\x1b[200~y":    "xy",
		"\x1b[12\r":              "\r",
		"\x1b[11111111111111111": "11",
		"\x1b[?1;2{x":            "x",
	} {
		for size := 1; size <= len(in); size++ {
			var s sequence
			got := ""
			for at := 0; at < len(in); at += size {
				got += string(s.keys([]byte(in[at:min(at+size, len(in))])))
			}
			if got != want {
				t.Errorf("%q in pieces of %d: %q, want %q", in, size, got, want)
			}
		}
	}
}

// FuzzKeys: whatever is typed, the editor takes it all, and a line that is typed next.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("\x1b[999;999;999"))
	f.Add([]byte("\x1b"))
	f.Add([]byte("\xff\xe4\xb8\x1b[200~a\x1b[201~"))
	f.Fuzz(func(t *testing.T, typed []byte) {
		var s sequence
		var keys []byte
		for _, c := range typed {
			if c == 3 || c == 4 || c == '\r' || c == '\n' {
				continue // those have a meaning of their own
			}
			keys = append(keys, s.keys([]byte{c})...)
		}
		keys = append(keys, s.keys([]byte("\x1b\x1b\x05\x15typed\r"))...)
		e := term.NewTerminal(&typist{keys: keys}, prompt)
		line, err := e.ReadLine()
		if err != nil || line != "typed" {
			t.Fatalf("%q: the line is %q, %v", typed, line, err)
		}
	})
}

// typist types, and does not look.
type typist struct{ keys []byte }

func (y *typist) Write(b []byte) (int, error) { return len(b), nil }

func (y *typist) Read(b []byte) (int, error) {
	n := min(len(y.keys), len(b), 3)
	for n > 1 && !utf8.RuneStart(y.keys[n-1]) {
		n--
	}
	copy(b, y.keys[:n])
	y.keys = y.keys[n:]
	if n == 0 {
		return copy(b, "\r"), nil
	}
	return n, nil
}

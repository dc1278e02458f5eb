package dialogue

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nettool/internal/window"
)

// said is where a dialogue writes.
type said struct {
	bytes.Buffer
	closed int
}

func (s *said) Close() error { s.closed++; return nil }

func steps(t *testing.T, script string) []Step {
	t.Helper()
	all, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const greeting = `# a comment
hello: expect ^220 .*\n

send EHLO me\r\n
  expect ^250 \w+
bye: send QUIT\r\n
expect ^221`

// Whatever pieces the peer's bytes come in, the steps follow each other, and the last
// one ends the session at its match.
func TestDialogue(t *testing.T) {
	t.Parallel()
	const peer = "220-first\n220 second\n250-a\n250 b\n221 bye\nmore"
	for size := 1; size <= len(peer); size++ {
		out := &said{}
		d := New(steps(t, greeting), 0, out, nil)
		d.Begin()
		taken, done := 0, false
		for at := 0; at < len(peer) && !done; at += size {
			var n int
			n, done = d.Take([]byte(peer[at:min(at+size, len(peer))]))
			taken += n
		}
		if !done || peer[:taken] != "220-first\n220 second\n250-a\n250 b\n221" || out.String() != "EHLO me\r\nQUIT\r\n" || out.closed != 1 || d.Missing() != nil {
			t.Errorf("pieces of %d: %v after %q, said %q, closed %d times, %v", size, done, peer[:taken], out.String(), out.closed, d.Missing())
		}
		d.Close()
	}
}

// A dialogue that ends by saying something ends our side, not the session.
func TestLastWord(t *testing.T) {
	t.Parallel()
	out := &said{}
	d := New(steps(t, "send a\nsend b\nexpect ok\nsend c"), 0, out, nil)
	d.Begin()
	if out.String() != "ab" || out.closed != 0 {
		t.Errorf("said %q at the beginning", out.String())
	}
	if n, done := d.Take([]byte("ok, and more")); n != 12 || done || out.String() != "abc" || out.closed != 1 {
		t.Errorf("%d, %v, said %q, closed %d times", n, done, out.String(), out.closed)
	}
	if n, done := d.Take([]byte("later")); n != 5 || done {
		t.Errorf("%d, %v", n, done)
	}
}

// A step has its time, each of its own; what was not met is named, with the last
// bytes.
func TestLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &said{}
		var failed error
		d := New(steps(t, "expect one\nsecond: expect two"), time.Second, out, func(err error) { failed = err })
		d.Begin()
		time.Sleep(900 * time.Millisecond)
		d.Take([]byte("one"))
		time.Sleep(900 * time.Millisecond)
		if failed != nil {
			t.Error(failed)
		}
		d.Take([]byte(strings.Repeat("x", 100) + "\x00tw"))
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		want := `step 2 (second): expect "two" was not met within 1s, the last received were "` + strings.Repeat("x", 61) + `\x00tw"`
		if failed == nil || failed.Error() != want {
			t.Errorf("%v, want %s", failed, want)
		}
		if err := d.Missing(); !strings.Contains(err.Error(), "was not met before the end") {
			t.Error(err)
		}
		d.Close()
	})
}

// However much comes, 64 KiB are kept.
func TestWindow(t *testing.T) {
	t.Parallel()
	d := New(steps(t, "expect <x*>"), 0, &said{}, nil)
	d.Begin()
	for range 100 {
		d.Take(bytes.Repeat([]byte("y"), 10_000))
	}
	if n := len(d.window.Bytes()); n != window.Size {
		t.Errorf("%d bytes are kept", n)
	}
	if _, done := d.Take([]byte("<xx>")); !done {
		t.Error("no match behind it")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"":                     "has no step",
		"# nothing\n\n":        "has no step",
		"expect a\nsay b\n":    `line 2: "say b": want expect REGEX or send TEXT`,
		"expect (":             `line 1: expect "(": error parsing regexp`,
		"\nexpect \n":          `line 2: expect "": an empty expression`,
		"x: send \\q":          `line 1: send "\\q": unknown escape \q`,
		"name: \n":             `line 1: "name: ": want expect REGEX or send TEXT`,
		"send trailing \nsend": "",
	} {
		steps, err := Parse(script)
		if want == "" && (err != nil || string(steps[0].Send) != "trailing ") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, %q", script, err, steps)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(greeting)
	f.Add("x: send \\x41\nexpect [a")
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := Parse(script)
		if err != nil {
			return
		}
		out := &said{}
		d := New(steps, 0, out, nil)
		d.Begin()
		d.Take([]byte(script))
		d.Close()
		if out.closed != 1 {
			t.Errorf("closed %d times", out.closed)
		}
	})
}

package tap

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCRLF(t *testing.T) {
	t.Parallel()
	for _, pieces := range [][]string{
		{"a\nb\r\nc\n"}, {"a", "\nb\r", "\nc", "\n"}, {"a\nb\r\nc\n", ""},
	} {
		hook, got := CRLF(), ""
		for _, p := range pieces {
			got += string(hook([]byte(p)))
		}
		if got != "a\r\nb\r\nc\r\n" {
			t.Errorf("%q became %q", pieces, got)
		}
	}
}

func TestDump(t *testing.T) {
	t.Parallel()
	dump := Dump(Sent)
	got := string(dump([]byte("hello, world of\nbytes"))) + string(dump([]byte{0xff}))
	want := "> 00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 20 6f 66 0a  |hello, world of.|\n" +
		"> 00000010  62 79 74 65 73                                    |bytes|\n" +
		"> 00000015  ff                                                |.|\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	r := NewRecord(&b)
	r.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) }
	r.Add(Sent, []byte("hi\n"))
	r.Add(Received, []byte("\x00ü\xff\n"))
	want := "2026-01-02T03:04:05.000006Z > \"hi\\n\"\n" + `2026-01-02T03:04:05.000006Z < "\x00\u00fc\xff\n"` + "\n"
	if b.String() != want || r.Err() != nil {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	quoted := b.String()[strings.LastIndex(b.String(), "< ")+2:]
	if back, err := strconv.Unquote(strings.TrimSpace(quoted)); err != nil || back != "\x00ü\xff\n" {
		t.Errorf("restored %q, %v", back, err)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	text := "one\ntwo\nthree\nfour\n"
	for name, test := range map[string]struct {
		limit Limit
		want  string
	}{
		"bytes": {Limit{Bytes: 5}, "one\nt"},
		"lines": {Limit{Lines: 2}, "one\ntwo\n"},
		"until": {Limit{Until: regexp.MustCompile(`th.ee`)}, "one\ntwo\nthree"},
		"first": {Limit{Until: regexp.MustCompile(`four`), Lines: 3}, "one\ntwo\nthree\n"},
		"none":  {Limit{Lines: 9}, text},
	} {
		for size := 1; size <= len(text); size++ {
			limit := test.limit
			got, done := drink(&limit, text, size)
			if got != test.want || done != (name != "none") || (limit.Missing() == nil) != done {
				t.Errorf("%s in pieces of %d: %q %v %v", name, size, got, done, limit.Missing())
			}
		}
	}
}

func drink(l *Limit, text string, size int) (got string, done bool) {
	for len(text) > 0 && !done {
		p := []byte(text[:min(size, len(text))])
		var n int
		n, done = l.Take(p)
		got += string(p[:n])
		text = text[len(p):]
	}
	return got, done
}

func TestLimitMissing(t *testing.T) {
	t.Parallel()
	l := Limit{Lines: 3}
	l.Take([]byte("a\nb"))
	if err := l.Missing(); err.Error() != `1 of 3 lines came, the last received were "a\nb"` {
		t.Error(err)
	}
	l = Limit{Until: regexp.MustCompile("x")}
	if err := l.Missing(); err.Error() != `nothing matched "x", nothing was received` {
		t.Error(err)
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	const abc = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
	s, err := NewSum(3, abc)
	if err != nil {
		t.Fatal(err)
	}
	s.Add([]byte("ab"))
	if err := s.Check(); err == nil || err.Error() != "expected 3 bytes, received 2" {
		t.Error(err)
	}
	s.Add([]byte("c"))
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if _, err := NewSum(-1, "abc"); err == nil {
		t.Error("a short sum was accepted")
	}
}

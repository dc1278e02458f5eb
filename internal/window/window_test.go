package window

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// naive looks through all that is kept, each time.
func naive(re *regexp.Regexp, pieces [][]byte) (piece, end int) {
	var kept []byte
	for i, p := range pieces {
		kept = append(kept, p...)
		if at := re.FindIndex(kept); at != nil {
			return i, at[1] - len(kept)
		}
		kept = kept[max(len(kept)-Size, 0):]
	}
	return -1, 0
}

func find(re *regexp.Regexp, pieces [][]byte) (piece, end int) {
	var w Window
	e := New(re)
	for i, p := range pieces {
		w.Add(p)
		if at := w.Find(e); at >= 0 {
			return i, at - len(w.Bytes())
		}
		w.Trim()
	}
	return -1, 0
}

func cut(text []byte, size int) (pieces [][]byte) {
	for len(text) > size {
		pieces, text = append(pieces, text[:size]), text[size:]
	}
	return append(pieces, text)
}

var expressions = []string{
	`ready`, `é+x`, `a.c`, `^b`, `(?m)^b$`, `\bcat\b`, `x{2,3}\n`, `[^a]z`, `(?s)a.*z`, `.*\n.*\n`, `(a|bc|d\n)e`, `\Aab`, `foo\z`, `(?m)foo$`, `()`, `a*`,
	`(?i)k`, `\n\n`, `(?m)^$`, `\Bat`, `[\n-z]*q`,
}

// TestFind: it finds what one finds who looks through all of it.
func TestFind(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("some text, and more of it\n", Size*5/4/26)
	for _, text := range []string{
		"not yet\nready", "ééééx", "aéc a\nc", "ab\nb\n", "concat cat", "xxx\n", "az z", "a\n\n\nz", "1\n2\n3\n", "abc\nd\ne", "xab", "foofoo\n", "", "\xff\xc3", "K\u212a", "bat at",
		long + "ready", long + "\nb\n", long + "a" + strings.Repeat("\n", 100) + "zq",
	} {
		for _, expr := range expressions {
			re := regexp.MustCompile(expr)
			for _, size := range []int{1, 2, 3, 7, 50_000} {
				if len(text) > 1000 && size < 1000 || len(text) < 1000 && size > 1000 {
					continue
				}
				pieces := cut([]byte(text), size)
				wantPiece, wantEnd := naive(re, pieces)
				if piece, end := find(re, pieces); piece != wantPiece || end != wantEnd {
					t.Errorf("%q in %.20q…, pieces of %d: found in piece %d, %d; want %d, %d", expr, text, size, piece, end, wantPiece, wantEnd)
				}
			}
		}
	}
}

// TestStart: what cannot matter is not looked at again.
func TestStart(t *testing.T) {
	t.Parallel()
	text := []byte("first\nsecond\nthird")
	for expr, want := range map[string]int{
		`ready`: 13, `second third`: 13, `\x00{3}\n\x00`: 6, `a`: len(text) - 4, `^a`: 0, `(?m)^a`: 13, `.*x`: 13, `(?m)^x\n`: 6, `\bx`: 13, `(?s)a.*z`: 0, `x\n\ny`: 2, `[a-z]+\n`: 6,
	} {
		if got := New(regexp.MustCompile(expr)).start(text, len(text)); got != want {
			t.Errorf("%q: from %d, want %d", expr, got, want)
		}
	}
}

// TestTrim: however much comes, in pieces of any size, little is kept.
func TestTrim(t *testing.T) {
	t.Parallel()
	for _, piece := range []int{1 << 10, Size - 1, Size, 1 << 20} {
		var w Window
		e := New(regexp.MustCompile("y"))
		p := bytes.Repeat([]byte("x"), piece)
		for range 100 {
			w.Add(p)
			w.Find(e)
			w.Trim()
		}
		if n := len(w.Bytes()); n != Size || cap(w.buf) > 2*(2*Size+piece) {
			t.Errorf("pieces of %d: %d bytes are kept in %d", piece, n, cap(w.buf))
		}
	}
}

// TestDrop: what is left after a match is looked through by the next expression.
func TestDrop(t *testing.T) {
	t.Parallel()
	var w Window
	w.Add([]byte("one two three"))
	one, two := New(regexp.MustCompile("one")), New(regexp.MustCompile("three"))
	w.Drop(w.Find(one))
	if got := w.Find(two); got != len(" two three") || string(w.Bytes()) != " two three" {
		t.Errorf("found at %d of %q", got, w.Bytes())
	}
	if got := w.Find(one); got != -1 {
		t.Errorf("found what was dropped, at %d", got)
	}
}

// FuzzFind: as TestFind, of any expression in any text.
func FuzzFind(f *testing.F) {
	for _, expr := range expressions {
		f.Add(expr, []byte("cat\nready at b\nb\n\nfoo é\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, expr string, text []byte, size uint8) {
		re, err := regexp.Compile(expr)
		if err != nil || !bytes.Equal(text, bytes.ToValidUTF8(text, nil)) {
			return
		}
		pieces := cut(text, int(size%16)+1)
		for i := 0; i < len(pieces)-1; i++ { // between characters
			for len(pieces[i+1]) > 0 && pieces[i+1][0]&0xc0 == 0x80 {
				pieces[i], pieces[i+1] = append(bytes.Clone(pieces[i]), pieces[i+1][0]), pieces[i+1][1:]
			}
		}
		wantPiece, wantEnd := naive(re, pieces)
		if piece, end := find(re, pieces); piece != wantPiece || end != wantEnd {
			t.Fatalf("%q in %q: found in piece %d, %d; want %d, %d", expr, pieces, piece, end, wantPiece, wantEnd)
		}
	})
}

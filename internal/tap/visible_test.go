package tap

import (
	"strings"
	"testing"
	"testing/quick"
	"unicode"
)

// TestVisible: however the bytes come in, they are shown the same.
func TestVisible(t *testing.T) {
	t.Parallel()
	const in = "é世\U0001f600\tb\r\n\x1b[2J\u009b1m\x9b \u202e\r-\r\r\n\x00\xff\xe4\xb8\r"
	const want = "é世\U0001f600\tb\r\n" + `\x1b[2J\u009b1m\x9b \u202e\r-\r` + "\r\n" + `\x00\xff\xe4\xb8\r`
	for size := 1; size <= len(in); size++ {
		show, rest := Visible()
		var got strings.Builder
		for i := 0; i < len(in); i += size {
			got.Write(show([]byte(in[i:min(i+size, len(in))])))
		}
		got.Write(rest())
		if got.String() != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got.String(), want)
		}
	}
}

// TestVisibleAnything: no control character gets through.
func TestVisibleAnything(t *testing.T) {
	t.Parallel()
	if err := quick.Check(func(a, b []byte) bool {
		show, rest := Visible()
		out := string(show(a)) + string(show(b)) + string(rest())
		return !strings.ContainsFunc(strings.ReplaceAll(out, "\r\n", "\n"), func(r rune) bool {
			return r != '\n' && r != '\t' && !unicode.IsPrint(r)
		})
	}, nil); err != nil {
		t.Error(err)
	}
}

package tap

import (
	"strings"
	"testing"
)

// through has a hook take text in pieces of a size.
func through(text string, size int, hook func([]byte) []byte, rest func() []byte) string {
	var out strings.Builder
	for from := 0; from < len(text); from += size {
		out.Write(hook([]byte(text[from:min(len(text), from+size)])))
	}
	if rest != nil {
		out.Write(rest())
	}
	return out.String()
}

// TestCR has what delcr and addcr make of the same.
func TestCR(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"a\r\n":       {"a\n", "a\r\r\n"},
		"a\r\r\n":     {"a\r\n", "a\r\r\r\n"},
		"a\rb\n":      {"a\rb\n", "a\rb\r\n"},
		"a\r":         {"a\r", "a\r"},
		"a\r\r":       {"a\r\r", "a\r\r"},
		"\r\n\r\n":    {"\n\n", "\r\r\n\r\r\n"},
		"\n":          {"\n", "\r\n"},
		"":            {"", ""},
		"a\r\n\r":     {"a\n\r", "a\r\r\n\r"},
		"\r\r\rx\r\n": {"\r\r\rx\n", "\r\r\rx\r\r\n"},
	} {
		for size := 1; size < 4; size++ {
			hook, rest := DeleteCR()
			if got := through(text, size, hook, rest); got != want[0] {
				t.Errorf("without, by %d: %q is %q, want %q", size, text, got, want[0])
			}
			if got := through(text, size, AddCR(), nil); got != want[1] {
				t.Errorf("with, by %d: %q is %q, want %q", size, text, got, want[1])
			}
		}
	}
}

func TestCaret(t *testing.T) {
	t.Parallel()
	if got, want := through("a\tb\x00\x1b\x7f\r\n\x80\x8a\xa0\xe4\xff\n", 3, Caret(), nil), "a\tb^@^[^?^M\nM-^@M-^JM- M-dM-^?\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzCR: what came in one piece and what came in many is the same, and delcr undoes addcr.
func FuzzCR(f *testing.F) {
	f.Add("a\r\r\nb\n\r", 2)
	f.Fuzz(func(t *testing.T, text string, size int) {
		size = max(size, 1)
		hook, rest := DeleteCR()
		whole, wholeRest := DeleteCR()
		if got, want := through(text, size, hook, rest), through(text, len(text)+1, whole, wholeRest); got != want {
			t.Fatalf("%q by %d: %q, and at once %q", text, size, got, want)
		}
		if got := through(through(text, size, AddCR(), nil), size, hook, rest); got != text {
			t.Fatalf("%q there and back by %d: %q", text, size, got)
		}
	})
}

package report

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"plain text, 100 % of it \"quoted\"", "plain text, 100 % of it \"quoted\""},
		{"café 日本 ✓", "café 日本 ✓"},
		{`back\slash`, `back\slash`},
		{"line\r\n\ttab", `line\r\n\ttab`},
		{"\x1b[31mred\x07", `\x1b[31mred\a`},
		{"nul\x00del\x7f", `nul\x00del\x7f`},
		{"c1 \u009b31m", `c1 \u009b31m`},
		{"not\xffutf8\xc3", `not\xffutf8\xc3`},
		{"bidi \u202e zero\u200bwidth bom\ufeff", `bidi \u202e zero\u200bwidth bom\ufeff`},
		{"wide\u00a0space\u2028", `wide\u00a0space\u2028`},
		{"replacement \ufffd", "replacement \ufffd"},
		{"private \U0010fffd", `private \U0010fffd`},
	} {
		if got := Escape(test.in); got != test.want {
			t.Errorf("%q: got %q, want %q", test.in, got, test.want)
		}
	}
}

// wantPrintable expects that nothing in s can do anything to a terminal.
func wantPrintable(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("not printable at byte %d: %q", i, s)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		wantPrintable(t, got)
		if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 && utf8.ValidString(s) && got != s {
			t.Errorf("printable %q became %q", s, got)
		}
		if again := Escape(got); again != got {
			t.Errorf("%q escaped twice is %q", got, again)
		}
		if strings.ContainsAny(s, "\\\"") {
			return // what was escaped is told from what was there by nobody
		}
		if back, err := strconv.Unquote(`"` + got + `"`); err != nil || back != s {
			t.Errorf("%q became %q, which Go reads as %q, %v", s, got, back, err)
		}
	})
}

// hostile are strings that a peer could make up.
func hostile() []string {
	return []string{
		"\x1b]0;title\x07\x1b[2J\x1b[1;31mred", "line\nforged: event close id=1\r", "\x00\x01\x7f\x80\xff",
		"c1 \u0085\u009b31m\u009d", "\u202egnp.exe\u2066", "zero\u200bwidth\ufeff", "\u2028\u2029",
		`"}{"event":"forged`, `\u001b \n \"`, "a=b c=d", "\xed\xa0\x80", "", " ", "-", "\U000e0041 tag",
	}
}

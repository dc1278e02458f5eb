package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns s with control characters, and bytes that are not UTF-8, as Go
// escapes, so that nothing from the network reaches a terminal or a log raw.
func Escape(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if bad(r, size) {
			b.WriteString(escaped(s[i:i+size], r, size))
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func clean(s string) bool {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if bad(r, size) {
			return false
		}
		i += size
	}
	return true
}

func bad(r rune, size int) bool {
	return (r == utf8.RuneError && size == 1) || !unicode.IsPrint(r)
}

func escaped(raw string, r rune, size int) string {
	if r == utf8.RuneError && size == 1 {
		return `\x` + strconv.FormatUint(uint64(raw[0])|0x100, 16)[1:]
	}
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

package tap

import (
	"unicode"
	"unicode/utf8"

	"nettool/internal/report"
)

// Visible returns a hook for what goes to a terminal: characters that do not print
// become Go's escapes, but for tabs and line ends, so that no peer can move the
// cursor, or more. Its result is valid until the next call. A character that has
// come in part only is held back until the rest comes; rest returns it at the end.
func Visible() (show func(p []byte) []byte, rest func() []byte) {
	var held, out []byte
	show = func(p []byte) []byte {
		all := append(held, p...)
		end := whole(all)
		out = appendVisible(out[:0], all[:end])
		held = append([]byte(nil), all[end:]...)
		return out
	}
	rest = func() []byte { return appendVisible(nil, held) }
	return show, rest
}

// whole is how much of p ends with a whole character, or with no CR that an LF may
// follow.
func whole(p []byte) int {
	n := len(p)
	if n > 0 && p[n-1] == '\r' {
		return n - 1
	}
	for i := max(n-utf8.UTFMax+1, 0); i < n; i++ {
		if utf8.RuneStart(p[i]) && !utf8.FullRune(p[i:]) {
			return i
		}
	}
	return n
}

func appendVisible(out, p []byte) []byte {
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		broken := r == utf8.RuneError && size == 1
		switch {
		case r == '\n' || r == '\t', r == '\r' && i+1 < len(p) && p[i+1] == '\n', unicode.IsPrint(r) && !broken:
			out = append(out, p[i:i+size]...)
		default:
			out = append(out, report.Escape(string(p[i:i+size]))...)
		}
		i += size
	}
	return out
}

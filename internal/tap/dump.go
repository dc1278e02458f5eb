package tap

import "fmt"

// The directions, as dumps and records show them.
const (
	Sent     = '>'
	Received = '<'
)

const perLine = 16

// Dump returns a function that turns bytes into a hex dump: the direction, the
// offset in that direction, sixteen bytes, and the same as text.
func Dump(direction rune) func(p []byte) []byte {
	offset := 0
	return func(p []byte) []byte {
		var out []byte
		for len(p) > 0 {
			n := min(perLine, len(p))
			out = dumpLine(out, direction, offset, p[:n])
			p = p[n:]
			offset += n
		}
		return out
	}
}

func dumpLine(out []byte, direction rune, offset int, p []byte) []byte {
	out = fmt.Appendf(out, "%c %08x ", direction, offset)
	for i := range perLine {
		if i%8 == 0 {
			out = append(out, ' ')
		}
		if i < len(p) {
			out = fmt.Appendf(out, "%02x ", p[i])
		} else {
			out = append(out, "   "...)
		}
	}
	out = append(out, " |"...)
	for _, c := range p {
		if c < ' ' || c > '~' {
			c = '.'
		}
		out = append(out, c)
	}
	return append(out, "|\n"...)
}

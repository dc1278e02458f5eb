package tap

import "bytes"

// AddCR returns a hook that puts a CR before every LF, as addcr(1) does: also where there is one.
// Its result is valid until the next call.
func AddCR() func(p []byte) []byte {
	return func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")) }
}

// DeleteCR returns a hook that takes away the CR before an LF, one of several, as delcr(1) does,
// and what returns a CR at the very end, which it has held back. The hook's result is valid until
// the next call.
func DeleteCR() (hook func(p []byte) []byte, rest func() []byte) {
	held := false
	var out []byte
	hook = func(p []byte) []byte {
		out = out[:0]
		for _, c := range p {
			if held && c != '\n' {
				out = append(out, '\r')
			}
			if held = c == '\r'; !held {
				out = append(out, c)
			}
		}
		return out
	}
	rest = func() []byte {
		if !held {
			return nil
		}
		held = false
		return []byte{'\r'}
	}
	return hook, rest
}

// Caret returns a hook that shows control characters and what is not ASCII in the notation of
// cat -v, ^X and M-X, but for line ends and tabs. Its result is valid until the next call.
func Caret() func(p []byte) []byte {
	var out []byte
	return func(p []byte) []byte {
		out = out[:0]
		for _, c := range p {
			if c >= 0x80 {
				out, c = append(out, "M-"...), c-0x80
			} else if c == '\n' || c == '\t' {
				out = append(out, c)
				continue
			}
			if c < 0x20 || c == 0x7f {
				out, c = append(out, '^'), c^0x40
			}
			out = append(out, c)
		}
		return out
	}
}

// Package tap looks at the bytes of a session on their way: it changes line
// ends, dumps, records, measures, and tells when enough has come.
//
// The hooks of a direction run in that direction's goroutine only. What both
// directions share is safe for both.
package tap

import "bytes"

// CRLF returns a hook that ends lines with CR LF, and leaves alone those that do
// already. Its result is valid until the next call.
func CRLF() func(p []byte) []byte {
	var last byte
	var out []byte
	return func(p []byte) []byte {
		if len(p) == 0 {
			return p
		}
		before := last
		last = p[len(p)-1]
		if bytes.IndexByte(p, '\n') < 0 {
			return p
		}
		out = out[:0]
		for _, c := range p {
			if c == '\n' && before != '\r' {
				out = append(out, '\r')
			}
			out = append(out, c)
			before = c
		}
		return out
	}
}

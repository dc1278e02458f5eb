// Package quit finds the line that ends a session (--quit-on).
package quit

import "bytes"

// Scanner looks for the first line that starts with Prefix in a stream that comes
// in pieces. A line ends with a newline, so that none starts with a Prefix that
// holds one; without a Prefix nothing is found.
type Scanner struct {
	Prefix string

	matched int  // bytes of Prefix that the current line starts with so far
	passed  bool // the current line starts with something else
}

// Scan looks through the next piece. found reports whether the line has begun, in
// this piece or in an earlier one, and start how much of the piece comes before
// it. Of a Prefix that arrives in several pieces, only the rest is known to belong
// to the line.
func (s *Scanner) Scan(b []byte) (start int, found bool) {
	if s.Prefix == "" {
		return len(b), false
	}
	for i := 0; ; {
		if s.passed {
			newline := bytes.IndexByte(b[i:], '\n')
			if newline < 0 {
				return len(b), false
			}
			i += newline + 1
			s.passed, s.matched = false, 0
		}
		start = i
		for i < len(b) && s.matched < len(s.Prefix) && b[i] == s.Prefix[s.matched] && b[i] != '\n' {
			s.matched++
			i++
		}
		switch {
		case s.matched == len(s.Prefix):
			return start, true
		case i == len(b):
			return len(b), false
		}
		s.passed = true
	}
}

package handler

import "bytes"

// quitter looks for a line that starts with prefix in a stream that comes in
// pieces. The zero value finds nothing.
type quitter struct {
	prefix  string
	matched int  // bytes of prefix that the current line starts with so far
	inLine  bool // the current line cannot match any more
}

// scan looks through the next piece. keep is how much of it comes before the
// line that quits; found tells whether there is one. Of a prefix that arrives in
// several pieces the first ones have been kept already.
func (q *quitter) scan(b []byte) (keep int, found bool) {
	if q.prefix == "" {
		return len(b), false
	}
	for i := 0; i < len(b); {
		if q.inLine {
			nl := bytes.IndexByte(b[i:], '\n')
			if nl < 0 {
				return len(b), false
			}
			i += nl + 1
			q.inLine, q.matched = false, 0
			continue
		}
		start := i
		for i < len(b) && q.matched < len(q.prefix) && b[i] == q.prefix[q.matched] {
			q.matched++
			i++
		}
		if q.matched == len(q.prefix) {
			return start, true
		}
		q.inLine = i < len(b)
	}
	return len(b), false
}

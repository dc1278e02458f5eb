package run

import "bytes"

// LongestLine is how much of a line of somebody else's is taken, in bytes. The
// rest of a longer one is left out.
const LongestLine = 1024

// Lines cuts into lines what a process writes, piece by piece.
type Lines struct{ line []byte }

// Take passes the lines that end in p, without their ends, to say, which must not
// keep them.
func (l *Lines) Take(p []byte, say func(line []byte)) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		l.line = append(l.line, line[:min(len(line), LongestLine-len(l.line))]...)
		if ended {
			say(l.line)
			l.line = l.line[:0]
		}
		p = rest
	}
}

// End passes a last line that has no end.
func (l *Lines) End(say func(line []byte)) {
	if len(l.line) > 0 {
		say(l.line)
		l.line = nil
	}
}

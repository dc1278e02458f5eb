package relay

import "bytes"

// lines passes on one line at a time.
type lines struct {
	hold    bool         // a line is passed on when it is whole, or has longest bytes
	longest int          // of what is passed on at once
	pause   func() error // between lines

	part  []byte // of a line that is held
	ended bool   // the last piece ended a line
}

// send passes the lines of p on, and the beginning of the last one, unless that is
// held.
func (l *lines) send(p []byte, send func([]byte) error) error {
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(p)
		}
		if over := len(l.part) + n - l.longest; over > 0 && l.hold {
			n, whole = n-over, true
		}
		piece := p[:n]
		p = p[n:]
		if l.hold {
			if l.part = append(l.part, piece...); !whole {
				return nil
			}
			piece = l.part
		}
		if err := l.pass(piece, send); err != nil {
			return err
		}
		l.part = l.part[:0]
	}
	return nil
}

// pass passes on a piece, after the pause if it begins a line.
func (l *lines) pass(piece []byte, send func([]byte) error) error {
	if l.ended {
		if err := l.pause(); err != nil {
			return err
		}
	}
	l.ended = piece[len(piece)-1] == '\n'
	return send(piece)
}

// flush passes on what is held of a line that has no end.
func (l *lines) flush(send func([]byte) error) error {
	if len(l.part) == 0 {
		return nil
	}
	return l.pass(l.part, send)
}

package tap

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"nettool/internal/window"
)

// Limit tells when enough has been received. Zero fields are no limit.
type Limit struct {
	Bytes int64          // that many
	Lines int64          // that many, complete
	Until *regexp.Regexp // a match, of 64 KiB at most

	bytes, lines int64
	until        *window.Expression
	window       window.Window // for Until and for Missing
	done         bool
}

// lastWords is how much of the end Missing shows.
const lastWords = 64

// Set reports whether there is any limit.
func (l *Limit) Set() bool { return l.Bytes > 0 || l.Lines > 0 || l.Until != nil }

// Take returns how much of p belongs to the session, and whether that completes
// it.
func (l *Limit) Take(p []byte) (n int, done bool) {
	n = len(p)
	if l.Until != nil {
		l.window.Add(p)
	} else {
		l.window.Add(p[max(len(p)-lastWords, 0):])
	}
	for _, end := range []int{l.byBytes(p), l.byLines(p), l.byMatch(p)} {
		if end >= 0 {
			n, done = min(n, end), true
		}
	}
	l.remember(p[:n])
	l.done = l.done || done
	return n, done
}

// byBytes is where the last byte wanted ends in p, or -1.
func (l *Limit) byBytes(p []byte) int {
	if l.Bytes <= 0 || l.bytes+int64(len(p)) < l.Bytes {
		return -1
	}
	return int(l.Bytes - l.bytes)
}

// byLines is where the last line wanted ends in p, or -1.
func (l *Limit) byLines(p []byte) int {
	if l.Lines <= 0 {
		return -1
	}
	at := 0
	for missing := l.Lines - l.lines; missing > 0; missing-- {
		i := bytes.IndexByte(p[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	return at
}

// byMatch is where the first match ends in p, which the window ends with, or -1.
func (l *Limit) byMatch(p []byte) int {
	if l.Until == nil {
		return -1
	}
	if l.until == nil {
		l.until = window.New(l.Until)
	}
	end := l.window.Find(l.until)
	if end < 0 {
		return -1
	}
	return max(end-(len(l.window.Bytes())-len(p)), 0)
}

func (l *Limit) remember(p []byte) {
	l.bytes += int64(len(p))
	l.lines += int64(bytes.Count(p, []byte("\n")))
	l.window.Trim()
}

// Missing is what was not reached, with the last bytes seen, or nil.
func (l *Limit) Missing() error {
	if l.done || !l.Set() {
		return nil
	}
	tail := l.window.Bytes()
	if len(tail) > lastWords {
		tail = tail[len(tail)-lastWords:]
	}
	what := ""
	switch {
	case l.Until != nil:
		what = "nothing matched " + strconv.Quote(l.Until.String())
	case l.Lines > 0:
		what = fmt.Sprintf("%d of %d lines came", l.lines, l.Lines)
	default:
		what = fmt.Sprintf("%d of %d bytes came", l.bytes, l.Bytes)
	}
	if len(tail) == 0 {
		return fmt.Errorf("%s, nothing was received", what)
	}
	return fmt.Errorf("%s, the last received were %q", what, tail)
}

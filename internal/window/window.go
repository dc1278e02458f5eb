// Package window looks for expressions in the end of a stream, as its pieces come in.
package window

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// Size is how much of a stream is kept, in bytes, and bounds what can be found.
const Size = 64 << 10

// Window is the end of a stream.
type Window struct {
	buf  []byte
	from int // where the window begins in buf
	seen int // how much of the window was looked through
}

// Add adds the next piece, which is kept as a whole until Trim.
func (w *Window) Add(p []byte) { w.buf = append(w.buf, p...) }

// Bytes are the window, until the next call of another method.
func (w *Window) Bytes() []byte { return w.buf[w.from:] }

// Drop takes n bytes off the beginning. What is left counts as new.
func (w *Window) Drop(n int) {
	w.from += n
	w.seen = 0
}

// Trim forgets what is more than Size.
func (w *Window) Trim() {
	if over := len(w.buf) - w.from - Size; over > 0 {
		w.from += over
		w.seen = max(w.seen-over, 0)
	}
	if w.from >= Size { // now and then, not for each piece
		w.buf = append(w.buf[:0], w.buf[w.from:]...)
		w.from = 0
	}
}

// Find is where the first match ends in the window, or -1. It looks at what has come
// since the last time, and at what the expression can match before that.
func (w *Window) Find(e *Expression) int {
	text := w.Bytes()
	at := e.start(text, w.seen)
	w.seen = len(text)
	found := e.re.FindIndex(text[at:])
	if found == nil {
		return -1
	}
	return at + found[1]
}

// Expression is a regular expression, of which is known how far back a match can begin.
type Expression struct {
	re    *regexp.Regexp
	runes int // at most so many are in a match, or many
	lines int // at most so many line ends are in a match, or many
}

// many is no bound, or none that is of use.
const many = Size

// New prepares an expression.
func New(re *regexp.Regexp) *Expression {
	e := &Expression{re: re, runes: many, lines: many}
	if tree, err := syntax.Parse(re.String(), syntax.Perl); err == nil {
		all := measure(tree)
		e.lines = all.lines
		if !all.looksBack {
			e.runes = all.runes
		}
		if all.atBeginning {
			e.runes, e.lines = many, many
		}
	}
	return e
}

// String is the expression's text.
func (e *Expression) String() string { return e.re.String() }

// start is where a match can begin at the earliest that ends after what was seen.
func (e *Expression) start(text []byte, seen int) int {
	at := 0
	if e.runes < many {
		at = max(seen-utf8.UTFMax*e.runes, 0)
		for back := at; back > max(at-utf8.UTFMax, 0); back-- {
			if utf8.RuneStart(text[back]) {
				at = back
				break
			}
		}
	}
	line := seen
	for n := 0; n <= e.lines && line > at && e.lines < many; n++ {
		line = max(bytes.LastIndexByte(text[at:line], '\n')+at, at)
	}
	if e.lines < many && line > at {
		at = line + 1
	}
	return at
}

// extent is how far a match of a part of an expression can reach.
type extent struct {
	runes, lines int
	looksBack    bool // at the character before it
	atBeginning  bool // is at the beginning of the text
}

// measure is the extent of an expression.
func measure(re *syntax.Regexp) (e extent) {
	switch re.Op {
	case syntax.OpLiteral:
		e.runes = len(re.Rune)
		for _, r := range re.Rune {
			if r == '\n' {
				e.lines++
			}
		}
	case syntax.OpCharClass:
		e.runes = 1
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				e.lines = 1
			}
		}
	case syntax.OpAnyCharNotNL:
		e.runes = 1
	case syntax.OpAnyChar:
		e.runes, e.lines = 1, 1
	case syntax.OpBeginText:
		e.atBeginning = true
	case syntax.OpBeginLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		e.looksBack = true
	}
	for _, sub := range re.Sub {
		part := measure(sub)
		e.looksBack = e.looksBack || part.looksBack
		e.atBeginning = e.atBeginning || part.atBeginning
		switch re.Op {
		case syntax.OpAlternate:
			e.runes, e.lines = max(e.runes, part.runes), max(e.lines, part.lines)
		case syntax.OpStar, syntax.OpPlus:
			e.runes, e.lines = times(part.runes, many), times(part.lines, many)
		case syntax.OpRepeat:
			n := re.Max
			if n < 0 {
				n = many
			}
			e.runes, e.lines = times(part.runes, n), times(part.lines, n)
		default: // one after the other, or one
			e.runes, e.lines = min(e.runes+part.runes, many), min(e.lines+part.lines, many)
		}
	}
	return e
}

func times(a, b int) int { return min(a*b, many) }

// Package live draws a view on a terminal that is overwritten as things change:
// on standard error, and only when that is a terminal.
package live

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
)

// Screen is the place at the end of a terminal where a view is drawn. Nil, and
// a Screen that is not On, draw nothing. It is used by one goroutine at a time.
type Screen struct {
	to    *os.File
	on    bool
	color bool
	drawn []int // how wide the lines on the screen are
	size  func(*os.File) (columns, rows int)
}

// Open returns a screen on f, which stays the caller's. It is on when f is a
// terminal that can move its cursor, and quiet is not asked for. NO_COLOR in the
// environment turns colours off.
func Open(f *os.File, quiet bool) *Screen {
	s := &Screen{to: f, size: size, on: !quiet && movable(os.Getenv("TERM")) && isTerminal(f)}
	s.color = s.on && os.Getenv("NO_COLOR") == ""
	return s
}

// movable reports whether a terminal of a kind can move its cursor. A console of
// Windows can only when something like a Unix terminal stands in front of it.
func movable(term string) bool {
	return term != "dumb" && (term != "" || runtime.GOOS != "windows")
}

// isTerminal does not use Fd, which would clear O_NONBLOCK on a description that
// other processes share.
func isTerminal(f *os.File) (yes bool) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) { yes = isatty.IsTerminal(fd) || isatty.IsCygwinTerminal(fd) })
	return yes
}

// Terminal reports whether f is a terminal.
func Terminal(f *os.File) bool { return isTerminal(f) }

// Columns is how wide f is as a terminal, and 80 when it is none.
func Columns(f *os.File) int {
	columns, _ := size(f)
	return columns
}

// On reports whether anything will be drawn.
func (s *Screen) On() bool { return s != nil && s.on }

// Draw replaces the view by lines, cut to the terminal's width. They hold no
// control characters but those of Paint.
func (s *Screen) Draw(lines ...string) {
	if !s.On() {
		return
	}
	if len(lines) == 0 {
		s.Clear()
		return
	}
	columns, rows := s.size(s.to)
	var b strings.Builder
	s.rewind(&b, columns)
	s.drawn = s.drawn[:0]
	for _, line := range fit(lines, max(rows-1, 1)) {
		line, width := cut(line, columns-1)
		s.drawn = append(s.drawn, width)
		b.WriteString(line)
		b.WriteString("\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	s.to.WriteString(b.String())
}

// fit leaves as many lines as there are rows; the last one then tells of the others.
func fit(lines []string, rows int) []string {
	if len(lines) <= rows {
		return lines
	}
	shown := lines[:rows-1]
	return append(slices.Clone(shown), fmt.Sprintf("… %d more", len(lines)-len(shown)))
}

// Clear removes the view, so that something else can be written.
func (s *Screen) Clear() {
	if !s.On() || len(s.drawn) == 0 {
		return
	}
	var b strings.Builder
	columns, _ := s.size(s.to)
	s.rewind(&b, columns)
	b.WriteString("\x1b[J")
	s.to.WriteString(b.String())
	s.drawn = s.drawn[:0]
}

// rewind moves the cursor to where the view begins. A terminal that has become narrower
// has wrapped the lines that do not fit any more.
func (s *Screen) rewind(b *strings.Builder, columns int) {
	b.WriteByte('\r')
	for _, width := range s.drawn {
		for range max((width+columns-1)/columns, 1) {
			b.WriteString("\x1b[A")
		}
	}
}

// Color is one of the terminal's own colours.
type Color string

// The colours in use.
const (
	Red   Color = "31"
	Green Color = "32"
	Faint Color = "2"
)

// Paint colours text, if colours are wanted.
func (s *Screen) Paint(c Color, text string) string {
	if s == nil || !s.color {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// cut shortens a line to so many columns and tells how many it takes; escape sequences
// take none, and are all kept.
func cut(line string, columns int) (shown string, width int) {
	var b strings.Builder
	for len(line) > 0 {
		if strings.HasPrefix(line, "\x1b[") {
			end := strings.IndexByte(line, 'm') + 1
			b.WriteString(line[:end])
			line = line[end:]
			continue
		}
		_, n := utf8.DecodeRuneInString(line)
		if width < columns {
			b.WriteString(line[:n])
			width++
		}
		line = line[n:]
	}
	return b.String(), width
}

//go:build !portable

package pool

import (
	"bytes"
	"fmt"
	"log/slog"
	"unicode"

	"nettool/internal/handoff"
	"nettool/internal/server/run"
)

// mostWords is how many bytes a child may write to its standard error, in its
// life.
const mostWords = 64 << 10

// words are what a child has written to its standard error: a crash's report, if
// anything.
type words struct {
	lines run.Lines
	bytes int
	first string // the first line that has a letter
}

// hear takes words of a child.
func (p *Pool) hear(w *worker, text handoff.Text) {
	if !p.heard(w, text) {
		p.breach(w, fmt.Sprintf("more than %d bytes of standard error", mostWords))
	}
}

// heard is false when a child has said too much.
func (p *Pool) heard(w *worker, text handoff.Text) bool {
	w.words.bytes += len(text)
	if w.words.bytes > mostWords {
		return false
	}
	w.words.lines.Take(text, func(line []byte) { p.note(w, line) })
	return true
}

// note remembers the first line that says something, and logs all, with -v.
func (p *Pool) note(w *worker, line []byte) {
	if w.words.first == "" && bytes.ContainsFunc(line, unicode.IsLetter) {
		w.words.first = string(line)
	}
	p.cfg.Log.Detail("stderr", slog.Int("pid", w.child.PID), slog.String("line", string(line)))
}

// hearOut takes the last words of a child that has ended.
func (p *Pool) hearOut(w *worker) {
	for m, err := w.child.Receive(); err == nil; m, err = w.child.Receive() {
		if text, ok := m.(handoff.Text); ok && !p.heard(w, text) {
			break
		}
	}
	p.deafen(w)
	w.words.lines.End(func(line []byte) { p.note(w, line) })
}

// deafen does not listen to a child any more.
func (p *Pool) deafen(w *worker) {
	if w.token != 0 {
		p.loop.Remove(w.child.Sock, w.token)
		w.token = 0
	}
}

// about are the fields of a child's end.
func (w *worker) about() []slog.Attr {
	attrs := []slog.Attr{slog.Int("pid", w.child.PID), slog.Uint64("served", w.child.Sent())}
	if w.words.first != "" {
		attrs = append(attrs, slog.String("stderr", w.words.first))
	}
	return attrs
}

package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// mostLines is how many lines are remembered. Their file is shortened to that when it
	// has twice as many.
	mostLines = 500
	// mostHistory is how much of a file is looked at, its end, in bytes.
	mostHistory = 1 << 20
)

// History are the lines that were typed, in a file with a line for each.
type History struct {
	path  string
	lines []string // the last one is the newest
}

// OpenHistory reads a file, which need not be there; directories that are not there are
// made. Both are for their owner only: one types passwords at terminals.
func OpenHistory(path string) (*History, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	h := &History{path: path}
	text, err := tail(path, mostHistory)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	for line := range bytes.Lines(text) {
		if line, whole := bytes.CutSuffix(line, []byte("\n")); whole && typeable(string(line)) {
			h.lines = append(h.lines, strings.ReplaceAll(string(line), "\t", tabSign))
		}
	}
	if len(h.lines) >= 2*mostLines {
		h.lines = h.lines[len(h.lines)-mostLines:]
		h.shorten()
	}
	return h, nil
}

// HistoryOf is the history of a peer, below the user's directory for such things (the XDG
// Base Directory Specification), or nil if there is none: that keeps nobody from typing.
func HistoryOf(peer string) *History {
	state, name := os.Getenv("XDG_STATE_HOME"), url.PathEscape(peer)
	if !filepath.IsAbs(state) {
		state = filepath.Join(os.Getenv("HOME"), ".local", "state")
	}
	if !filepath.IsAbs(state) || len(name) > longestName {
		return nil
	}
	h, _ := OpenHistory(filepath.Join(state, "nettool", "history", name))
	return h
}

// longestName is how long the name of a file can be, with what is added to it for a while.
const longestName = 200

// tail reads the end of a regular file.
func tail(path string, most int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: no regular file", path)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, max(st.Size()-most, 0), most))
}

// typeable reports whether a line can have been typed: nothing in it moves the cursor.
func typeable(line string) bool {
	return line != "" && utf8.ValidString(line) && !strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) })
}

// shorten writes the file anew. If that fails the old one stays.
func (h *History) shorten() {
	f, err := os.CreateTemp(filepath.Dir(h.path), filepath.Base(h.path)+".*") // 0600
	if err != nil {
		return
	}
	_, err = io.WriteString(f, h.text(h.lines...))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), h.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

// text is lines as they are in the file.
func (h *History) text(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n"), tabSign, "\t") + "\n"
}

// add remembers a line, in the file at once: what follows may not end well. A file that
// cannot be written to is no reason to disturb.
func (h *History) add(line string) {
	if h.lines = append(h.lines, line); len(h.lines) > 2*mostLines {
		h.lines = append(h.lines[:0], h.lines[len(h.lines)-mostLines:]...)
	}
	if h.path == "" {
		return
	}
	if f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err == nil {
		io.WriteString(f, h.text(line))
		f.Close()
	}
}

// remembered is a history as the editor sees it (term.History). It belongs to the
// goroutine that edits.
type remembered struct {
	*History
	asked func() string // what the peer has said before the line
}

// Add remembers a line unless it is empty, begins with a space, is the one before once
// more, or the answer to a question for a secret.
func (r *remembered) Add(line string) {
	same := len(r.lines) > 0 && r.At(0) == line
	if line == "" || line[0] == ' ' || same || forSecret(r.asked()) {
		return
	}
	r.add(line)
}

// Len is how many lines there are.
func (r *remembered) Len() int { return len(r.lines) }

// At is a line; 0 is the newest.
func (r *remembered) At(n int) string { return r.lines[len(r.lines)-1-n] }

// forSecret reports whether a question is one for what nobody else should read.
func forSecret(question string) bool {
	question = strings.ToLower(question)
	for _, word := range []string{"password", "passphrase", "passwd", "passcode", "secret", "token", "pin:"} {
		if strings.Contains(question, word) {
			return true
		}
	}
	return false
}

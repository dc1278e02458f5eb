package terminal

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"
)

// screen is what is seen: text, and below it the line that is being typed. Text without
// a newline at its end is the line's prompt.
type screen struct {
	out io.Writer

	mu      sync.Mutex // held while keys change the line, too
	editor  *term.Terminal
	pending []byte // text that has no newline yet, as it was written
	plain   bool   // no line is edited any more
}

// longestPending bounds that, in bytes: more of it becomes a line.
const longestPending = 512

func newScreen(in io.Reader, out io.Writer, h *History) *screen {
	s := &screen{out: out}
	if h == nil {
		h = &History{}
	}
	s.editor = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{gate{in, &s.mu}, out}, prompt)
	s.editor.AutoCompleteCallback = tab
	s.editor.History = &remembered{h, func() string { return string(s.pending) }}
	return s
}

// gate opens a lock while it waits: for the editor's keys, so that nothing is shown
// while these are dealt with.
type gate struct {
	io.Reader
	mu *sync.Mutex
}

func (g gate) Read(b []byte) (int, error) {
	g.mu.Unlock()
	defer g.mu.Lock()
	return g.Reader.Read(b)
}

// tabSign stands for a tab in a line that is edited, as it has the width of one
// character.
const tabSign = "␉"

// tab types a tab.
func tab(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	return line[:pos] + tabSign + line[pos:], pos + len(tabSign), true
}

// line waits until a line has been typed. io.EOF is the end.
func (s *screen) line() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.editor.ReadLine()
	if err != nil && err != term.ErrPasteIndicator {
		return "", err
	}
	s.pending = nil // it stays where it is, with the line behind it
	s.reprompt()
	return strings.ReplaceAll(text, tabSign, "\t"), nil
}

// Write shows text.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain {
		return s.out.Write(b)
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	rest := b[whole:]
	var text []byte
	if whole > 0 {
		text, s.pending = append(s.pending, b[:whole]...), nil
	}
	s.pending = append(s.pending, rest...)
	if len(s.pending) > longestPending {
		text, s.pending = append(append(text, s.pending...), '\n'), nil
	}
	s.reprompt()
	if _, err := s.editor.Write(text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// aside shows whole lines that are not part of the text.
func (s *screen) aside(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain {
		return s.out.Write(b)
	}
	return s.editor.Write(b)
}

// reprompt makes what the peer has said last the prompt, as it is from when text is
// written next. s.mu is held.
func (s *screen) reprompt() {
	text := prompt
	if len(s.pending) > 0 {
		text = columns(string(s.pending))
	}
	s.editor.SetPrompt(text)
}

// columns is a text in which each character has a column of its own.
func columns(text string) string {
	if !strings.Contains(text, "\t") {
		return text
	}
	var b strings.Builder
	at := 0
	for _, r := range text {
		if r != '\t' {
			b.WriteRune(r)
			at++
			continue
		}
		next := at/8*8 + 8
		b.WriteString(strings.Repeat(" ", next-at))
		at = next
	}
	return b.String()
}

func (s *screen) resize(width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editor.SetSize(width, height)
	if !s.plain {
		s.editor.Write(nil)
	}
}

// finish ends the editing: the prompt goes, and what the peer has said last stays. The
// line that was being typed must be empty.
func (s *screen) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain {
		return
	}
	s.plain = true
	s.editor.SetPrompt("")
	s.editor.Write(s.pending)
}

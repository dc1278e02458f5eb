// Package roff writes manual pages in the man macros (groff_man(7), man(7) of
// mandoc), without what only one of both has.
package roff

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lineWidth is how long a line of text in the source gets, but for longer words.
const lineWidth = 76

// Writer collects a page. Its zero value is empty.
type Writer struct{ b strings.Builder }

// String is the page so far.
func (w *Writer) String() string { return w.b.String() }

// Title begins the page. Lines are not stretched to the margin.
func (w *Writer) Title(name, section string, date time.Time, source, book string) {
	fmt.Fprintf(&w.b, ".TH \"%s\" %s %s \"%s\" \"%s\"\n.ad l\n",
		Escape(strings.ToUpper(name)), section, date.Format(time.DateOnly), Escape(source), Escape(book))
}

// Heading begins a section.
func (w *Writer) Heading(title string) { fmt.Fprintf(&w.b, ".SH %s\n", Escape(title)) }

// Group begins a subsection.
func (w *Writer) Group(title string) { fmt.Fprintf(&w.b, ".SS %s\n", Escape(title)) }

// Item begins an entry of a list: its term, then what Text writes.
func (w *Writer) Item(term string) {
	w.b.WriteString(".TP\n" + guard(term) + "\n")
}

// Paragraph begins another one.
func (w *Writer) Paragraph() { w.b.WriteString(".PP\n") }

// Break ends a line of the text.
func (w *Writer) Break() { w.b.WriteString(".br\n") }

// Text writes words that are escaped already, each sentence on lines of its own.
// Those with a font, as flags have, are never divided at a line's end.
func (w *Writer) Text(text string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' })
	if len(words) == 0 {
		words = []string{`\&`}
	}
	line := ""
	for i, word := range words {
		if strings.Contains(word, `\f`) {
			word = `\%` + word
		}
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > lineWidth || ends(words[i-1]) && upper(word):
			w.b.WriteString(guard(line) + "\n")
			line = word
		default:
			line += " " + word
		}
	}
	w.b.WriteString(guard(line) + "\n")
}

// Example writes lines as they are. They need not be escaped.
func (w *Writer) Example(lines string) {
	w.b.WriteString(".PP\n.RS 4\n.EX\n")
	for line := range strings.Lines(strings.TrimRight(lines, "\n") + "\n") {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "        ")
		if line == "" {
			line = " " // an empty line is a mistake to mandoc
		}
		w.b.WriteString(guard(Escape(line)) + "\n")
	}
	w.b.WriteString(".EE\n.RE\n")
}

// ends reports whether a word is a sentence's last.
func ends(word string) bool {
	return strings.ContainsAny(last(strings.TrimSuffix(strings.TrimSuffix(word, `\fR`), ")")), ".?!")
}

func last(word string) string {
	if word == "" {
		return ""
	}
	return word[len(word)-1:]
}

// upper reports whether a word can begin a sentence.
func upper(word string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(word, `\%`))
	return unicode.IsUpper(r)
}

// guard keeps a line of text from being taken for a request (groff(7), "Control
// characters").
func guard(line string) string {
	if line == "" || line[0] == '.' || line[0] == '\'' {
		return `\&` + line
	}
	return line
}

// Bold is escaped text in bold.
func Bold(text string) string { return font("B", text) }

// Italic is escaped text in italics, or underlined: a name that stands for something.
func Italic(text string) string { return font("I", text) }

func font(name, text string) string {
	if text == "" {
		return ""
	}
	return `\f` + name + Escape(text) + `\fR`
}

// Escape has every character of text stand for itself, as ASCII: what is
// typed at a shell can be copied from the page. What cannot be shown is U+FFFD.
// It does not keep a dot from the beginning of a line.
func Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(escaped(r))
	}
	return b.String()
}

func escaped(r rune) string {
	switch r {
	case '\\':
		return `\(rs`
	case '-':
		return `\-`
	case '\'':
		return `\(aq`
	case '`':
		return `\(ga`
	case '^':
		return `\(ha`
	case '~':
		return `\(ti`
	case '"':
		return `\(dq`
	case '\n', '\t':
		return " "
	}
	switch {
	case r >= ' ' && r <= '~':
		return string(r)
	case !unicode.IsPrint(r):
		return `\[uFFFD]`
	}
	return fmt.Sprintf(`\[u%04X]`, r)
}

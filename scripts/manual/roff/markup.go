package roff

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// literal finds, in what --help says, flags and references to other pages.
var literal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`--(?:\[no-\])?[a-z][a-z0-9-]*|\b[a-z][a-z0-9_-]*\([1-8]\)`)
})

// Help escapes a sentence of --help: flags stand out, and so do the names that
// stand for a value.
func Help(text string, names ...string) string {
	return each(text, literal(), func(found string) string {
		if page, section, ok := strings.Cut(found, "("); ok {
			return Bold(page) + "(" + section
		}
		return Bold(found)
	}, func(rest string) string { return italics(rest, names) })
}

// italics marks names where they stand as words.
func italics(text string, names []string) string {
	var quoted []string
	for _, name := range names {
		if name != "" && utf8.ValidString(name) {
			quoted = append(quoted, regexp.QuoteMeta(name))
		}
	}
	if len(quoted) == 0 {
		return Escape(text)
	}
	return each(text, regexp.MustCompile(`\b(?:`+strings.Join(quoted, "|")+`)\b`), Italic, Escape)
}

// marked finds `literal` and *name*.
var marked = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("`[^`]+`|\\*[^* ]+\\*")
})

// Markup escapes a text in which `x` is literal and *x* stands for something.
func Markup(text string) string {
	return each(text, marked(), func(found string) string {
		if found[0] == '`' {
			return Bold(found[1 : len(found)-1])
		}
		return Italic(found[1 : len(found)-1])
	}, func(rest string) string { return Help(rest) })
}

// each writes what a pattern finds by one func and what is between by another.
func each(text string, pattern *regexp.Regexp, found, between func(string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		b.WriteString(between(text[from:at[0]]) + found(text[at[0]:at[1]]))
		from = at[1]
	}
	return b.String() + between(text[from:])
}

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"nettool/internal/exit"
	"nettool/scripts/manual/reference"
	"nettool/scripts/manual/roff"
)

// book is what every page needs besides its command.
type book struct {
	version string
	date    time.Time
	text    reference.Text
	pages   []string // of all commands
}

// page writes one command's.
func (b *book) page(c *reference.Command) string {
	w := &roff.Writer{}
	w.Title(c.Page(), "1", b.date, "nettool "+b.version, "nettool manual")
	w.Heading("NAME")
	w.Text(roff.Escape(c.Page()) + ` \- ` + roff.Escape(phrase(c.Summary)))
	w.Heading("SYNOPSIS")
	b.synopsis(w, c)
	w.Heading("DESCRIPTION")
	description(w, c)
	b.section(w, c, "Description")
	arguments(w, c)
	commands(w, c)
	w.Heading("OPTIONS")
	for _, g := range c.Groups {
		w.Group(g.Title)
		options(w, g.Flags)
	}
	for _, s := range b.text[c.Page()] {
		if !hasPlace(s.Title) {
			w.Heading(strings.ToUpper(s.Title))
			blocks(w, s.Blocks)
		}
	}
	w.Heading("EXIT STATUS")
	for _, row := range exit.Table() {
		w.Item(roff.Bold(row.Code))
		w.Text(roff.Escape(row.Meaning))
	}
	b.last(w, c)
	return w.String()
}

// hasPlace reports whether a section of the texts stands elsewhere than behind the options.
func hasPlace(title string) bool {
	switch title {
	case "Synopsis", "Description", "Environment", "Files", "Examples", "See also":
		return true
	}
	return false
}

// last writes the sections at the end.
func (b *book) last(w *roff.Writer, c *reference.Command) {
	for _, title := range []string{"Environment", "Files", "Examples"} {
		if found := b.text.Section(c.Page(), title); len(found) > 0 {
			w.Heading(strings.ToUpper(title))
			blocks(w, found)
		}
	}
	w.Heading("SEE ALSO")
	var also []string
	for _, page := range b.pages {
		if page != c.Page() {
			also = append(also, roff.Bold(page)+"(1)")
		}
	}
	for _, more := range b.text.Section(c.Page(), "See also") {
		also = append(also, roff.Markup(more.Text))
	}
	w.Text(strings.Join(also, ", "))
}

func (b *book) section(w *roff.Writer, c *reference.Command, title string) {
	if found := b.text.Section(c.Page(), title); len(found) > 0 {
		w.Paragraph()
		blocks(w, found)
	}
}

// synopsis writes a line for each form: the command's own, those of its
// subcommands, and those of the text.
func (b *book) synopsis(w *roff.Writer, c *reference.Command) {
	forms := []string{form(c)}
	for _, sub := range c.Commands {
		forms = append(forms, form(sub))
	}
	if len(c.Commands) > 0 && c.Default == nil {
		forms = forms[1:]
	}
	for _, more := range b.text.Section(c.Page(), "Synopsis") {
		forms = append(forms, roff.Markup(more.Text))
	}
	for i, f := range forms {
		if i > 0 {
			w.Break()
		}
		w.Text(f)
	}
}

// form is a command with its arguments, or those of its default.
func form(c *reference.Command) string {
	of := c
	if c.Default != nil {
		of = c.Default
	}
	s := roff.Bold(c.Name) + " [" + roff.Italic("options") + "]"
	for _, a := range of.Arguments {
		word := roff.Italic(strings.ToUpper(a.Name))
		if a.Repeated {
			word += ` .\|.\|.`
		}
		if a.Optional {
			word = "[" + word + "]"
		}
		s += " " + word
	}
	return s
}

// description writes what --help says first: paragraphs, and indented lines as they are.
func description(w *roff.Writer, c *reference.Command) {
	detail := c.Detail
	if detail == "" {
		detail = c.Summary
	}
	for i, part := range strings.Split(detail, "\n\n") {
		if strings.HasPrefix(part, "  ") {
			w.Example(unindent(part))
			continue
		}
		if i > 0 {
			w.Paragraph()
		}
		w.Text(roff.Help(part))
	}
}

// unindent takes the first line's indentation from all.
func unindent(lines string) string {
	indent := lines[:len(lines)-len(strings.TrimLeft(lines, " "))]
	return strings.ReplaceAll("\n"+lines, "\n"+indent, "\n")[1:]
}

func arguments(w *roff.Writer, c *reference.Command) {
	of := c
	if c.Default != nil {
		of = c.Default
	}
	if len(of.Arguments) == 0 {
		return
	}
	w.Heading("ARGUMENTS")
	for _, a := range of.Arguments {
		w.Item(roff.Italic(strings.ToUpper(a.Name)))
		w.Text(roff.Help(a.Help))
	}
}

func commands(w *roff.Writer, c *reference.Command) {
	if len(c.Commands) == 0 {
		return
	}
	w.Heading("COMMANDS")
	for _, sub := range c.Commands {
		w.Item(roff.Bold(sub.Word()))
		page := sub.Page()
		if c.Name == "nettool" {
			page = "tcp" + sub.Word()
		}
		summary, _, _ := strings.Cut(sub.Summary, " (also:")
		if !strings.HasSuffix(summary, "?") {
			summary = strings.TrimSuffix(summary, ".") + "."
		}
		w.Text(roff.Help(summary + " See " + page + "(1)."))
	}
}

func options(w *roff.Writer, flags []reference.Flag) {
	for _, f := range flags {
		w.Item(term(f))
		names := strings.FieldsFunc(f.Value, func(r rune) bool { return r != '_' && !unicode.IsUpper(r) })
		w.Text(roff.Help(f.Help, names...))
		if f.Repeatable && !strings.Contains(f.Help, "epeatable") && !strings.Contains(f.Value, "…") && !strings.Contains(f.Help, "several") {
			w.Text("Repeatable.")
		}
	}
}

// term is a flag with its value's name.
func term(f reference.Flag) string {
	s := roff.Bold("--" + f.Name)
	if f.Negatable {
		s = roff.Bold("--[no-]" + f.Name)
	}
	if f.Short != "" {
		s = roff.Bold("-"+f.Short) + ", " + s
	}
	if f.Value != "" {
		s += "=" + roff.Italic(f.Value)
	}
	return s
}

// blocks writes what a text has.
func blocks(w *roff.Writer, all []reference.Block) {
	for i, block := range all {
		switch {
		case block.Code:
			if block.Info == reference.Printed {
				w.Paragraph()
				w.Text("It prints:")
			}
			w.Example(block.Text)
		case block.Term != "":
			w.Item(roff.Markup(block.Term))
			w.Text(roff.Markup(block.Text))
		default:
			if i > 0 {
				w.Paragraph()
			}
			w.Text(roff.Markup(block.Text))
		}
	}
}

// phrase is a sentence as the line under NAME has it.
func phrase(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + strings.TrimSuffix(sentence[1:], ".")
}

// fileName is where a page is below a directory of MANPATH.
func fileName(page string) string { return fmt.Sprintf("man1/%s.1", page) }

package reference

import (
	"fmt"
	"io/fs"
	"strings"
)

// Texts are the files that say of each program what its flags do not, relative to
// the top of the source tree.
func Texts() []string {
	return []string{"applets/manual.md", "applets/serve/manual.md", "applets/connect/manual.md", "applets/probe/manual.md"}
}

// Text is what such files have, by the name of the page and that of the section.
type Text map[string][]Section

// Section is a part of a page.
type Section struct {
	Title  string
	Blocks []Block
}

// Section returns the blocks under a page's title, or none.
func (t Text) Section(page, title string) []Block {
	for _, s := range t[page] {
		if s.Title == title {
			return s.Blocks
		}
	}
	return nil
}

// Block is a paragraph, an entry of a list of terms, or lines as they are.
type Block struct {
	Line int    // in its file, from 1
	Term string // of a list
	Text string // one line without Code; `x` is literal and *x* a name to be replaced
	Code bool   // the lines of Text stand as they are
	Info string // of code: the words behind the fence
}

// ReadTexts reads all of them below the top of the source tree.
func ReadTexts(top fs.FS) (Text, error) {
	all := Text{}
	for _, name := range Texts() {
		b, err := fs.ReadFile(top, name)
		if err != nil {
			return nil, fmt.Errorf("read a text: %w", err)
		}
		part, err := ParseText(string(b))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for page, sections := range part {
			all[page] = sections
		}
	}
	return all, nil
}

// Printed is the Info of code that is what the code before it prints; … stands for what
// differs.
const Printed = "text"

// ParseText reads such a file, which has of Markdown: "# PAGE", "## SECTION",
// paragraphs, "TERM" with ": TEXT" in the next lines, and code between fences.
func ParseText(text string) (Text, error) {
	r := reader{text: Text{}}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := r.line(i+1, strings.TrimRight(line, " \t\r")); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if r.fence {
		return nil, fmt.Errorf("a fence is never closed")
	}
	return r.text, nil
}

// reader is where ParseText stands.
type reader struct {
	text  Text
	page  string
	open  bool // the last block goes on with the next line
	fence bool
}

func (r *reader) line(n int, line string) error {
	info, isFence := strings.CutPrefix(line, "```")
	switch {
	case r.fence && isFence:
		r.fence = false
	case r.fence:
		b := r.last()
		b.Text += line + "\n"
	case strings.HasPrefix(line, "# "):
		return r.begin(line[2:])
	case r.page == "":
		if line != "" {
			return fmt.Errorf("%q comes before the first page", line)
		}
	case strings.HasPrefix(line, "## "):
		r.text[r.page], r.open = append(r.text[r.page], Section{Title: line[3:]}), false
	case line == "":
		r.open = false
	case len(r.text[r.page]) == 0:
		return fmt.Errorf("%q comes before the first section", line)
	case isFence:
		r.add(Block{Line: n, Code: true, Info: strings.TrimSpace(info)})
		r.fence, r.open = true, false
	default:
		r.words(n, line)
	}
	return nil
}

func (r *reader) begin(page string) error {
	if _, known := r.text[page]; known {
		return fmt.Errorf("page %q is there already", page)
	}
	r.page, r.text[page], r.open = page, nil, false
	return nil
}

// words goes on with a paragraph, or makes its first line the term of a list.
func (r *reader) words(n int, line string) {
	if !r.open {
		r.add(Block{Line: n, Text: line})
		r.open = true
		return
	}
	b := r.last()
	if text, ok := strings.CutPrefix(line, ": "); ok && b.Term == "" {
		b.Term, b.Text = b.Text, text
		return
	}
	b.Text += " " + strings.TrimLeft(line, " ")
}

func (r *reader) add(b Block) {
	s := r.section()
	s.Blocks = append(s.Blocks, b)
}

func (r *reader) last() *Block {
	s := r.section()
	return &s.Blocks[len(s.Blocks)-1]
}

// section is the last of the page.
func (r *reader) section() *Section { return &r.text[r.page][len(r.text[r.page])-1] }

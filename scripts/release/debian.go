package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed lintian-overrides
var overrides []byte

// ownLicence is nettool's own, from the folder scripts/release, or none.
type ownLicence struct {
	id    string
	texts []text
}

// notChosen is what SPDX has for a licence that has no name there.
const notChosen = "LicenseRef-not-chosen"

// said is the licence for a reader.
func (o ownLicence) said() string {
	if o.id == "" {
		return "no licence has been chosen yet; all rights are its authors'"
	}
	return o.id
}

// expression is the licence for a program.
func (o ownLicence) expression() string {
	if o.id == "" {
		return notChosen
	}
	return o.id
}

// onDebian are the licences whose texts every Debian has, under which name: a package must
// not repeat them.
var onDebian = map[string]string{
	"Apache-2.0": "Apache-2.0", "MPL-2.0": "MPL-2.0",
	"GPL-2.0-only": "GPL-2", "GPL-2.0-or-later": "GPL-2", "GPL-3.0-only": "GPL-3", "GPL-3.0-or-later": "GPL-3",
	"LGPL-2.1-only": "LGPL-2.1", "LGPL-2.1-or-later": "LGPL-2.1", "LGPL-3.0-only": "LGPL-3", "LGPL-3.0-or-later": "LGPL-3",
}

// copyright is /usr/share/doc/nettool/copyright in Debian's machine-readable form, with a
// paragraph for everything that is linked in.
func (r *release) copyright(b *build) []byte {
	var w bytes.Buffer
	fmt.Fprint(&w, "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n",
		"Upstream-Name: nettool\n",
		"Comment: The program is one file, in which Go modules and Go's standard library are\n",
		" linked. Behind the first, each paragraph is about one of these, by its module path.\n")
	own := part{name: "nettool", licence: r.own.id, texts: r.own.texts}
	if own.licence == "" {
		own.licence, own.texts = "not-chosen", []text{{"LICENSE", []byte("No licence has been chosen for nettool itself yet. All rights are its authors'.")}}
	}
	own.paragraph(&w, "*")
	for _, p := range b.parts {
		p.paragraph(&w, p.name+"@"+p.version+"/*")
	}
	return w.Bytes()
}

// paragraph writes what is said of the files of a part: its licences, each once, and what
// goes along with them as a comment.
func (p part) paragraph(w *bytes.Buffer, files string) {
	fmt.Fprintf(w, "\nFiles: %s\nCopyright: %s\nLicense: %s\n", files, strings.Join(p.owners(), "\n           "), debianName(p.licence))
	name, known := onDebian[p.licence]
	if known {
		fmt.Fprintf(w, " On Debian systems the text is in /usr/share/common-licenses/%s.\n", name)
	} else {
		fold(w, p.texts, isLicence)
	}
	if slices.ContainsFunc(p.texts, func(t text) bool { return isNotice(t.name) }) {
		fmt.Fprintln(w, "Comment:")
		fold(w, p.texts, isNotice)
	}
}

// fold writes the texts of such names, each once, as the lines that a field goes on with.
func fold(w *bytes.Buffer, texts []text, want func(string) bool) {
	seen := map[string]bool{}
	for _, t := range texts {
		said := strings.TrimSpace(string(t.data))
		if !want(t.name) || seen[said] {
			continue
		}
		if len(seen) > 0 {
			fmt.Fprintln(w, " .")
		}
		seen[said] = true
		for line := range strings.Lines(said) {
			if line = strings.TrimRight(line, " \t\r\n\f"); line == "" {
				line = "."
			}
			fmt.Fprintf(w, " %s\n", line)
		}
	}
}

// owners are whose the part is, also when it does not say so.
func (p part) owners() []string {
	if found := p.holders(); len(found) > 0 {
		return found
	}
	return []string{"the authors of " + p.name}
}

// debianName is Debian's short name of an SPDX expression.
func debianName(id string) string {
	return strings.NewReplacer("BSD-3-Clause", "BSD-3-clause", "BSD-2-Clause", "BSD-2-clause", "MIT", "Expat", " AND ", " and ", " OR ", " or ").Replace(id)
}

// changelog is the one entry of Debian's changelog: what this was built from.
func (r *release) changelog() []byte {
	return fmt.Appendf(nil, "nettool (%s) unstable; urgency=medium\n\n  * Built from commit %s.\n\n -- %s  %s\n",
		r.form.tilde(r.when), r.commit, r.maintainer, r.when.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// part is what has a licence of its own in the program: a module, or Go's standard
// library.
type part struct {
	name, version string
	sum           string // of the module, as in go.sum
	licence       string // an SPDX expression
	texts         []text
	uses          []string // the names of the parts that it imports
}

// text is a file that must go along with the program.
type text struct {
	name string // below the part's folder
	data []byte
}

// goPackage is what go list -json says of a package that is linked in.
type goPackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	Imports    []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// standard is the name of the standard library as a part.
const standard = "std"

// stub is a package of the standard library that is empty without GOEXPERIMENT=boringcrypto, which no
// target has; beside it is the licence of what would be linked in.
const stub = "crypto/internal/boring"

// partName is which part a package belongs to; that of the product itself has none.
func (p goPackage) partName() string {
	switch {
	case p.ImportPath == stub || strings.HasPrefix(p.ImportPath, stub+"/"):
		return ""
	case p.Standard:
		return standard
	case p.Module == nil || p.Module.Main:
		return ""
	}
	return p.Module.Path
}

// collectParts finds the licences of all packages in the folders that they are in, from
// the package's own up to that of its module or, for the standard library, goroot. A
// part without a licence, or with one that licenceOf does not know, is an error: what
// cannot be passed on is not built.
func collectParts(packages []goPackage, goroot, goVersion string) ([]part, error) {
	parts := map[string]*part{}
	owner := map[string]string{}
	for _, p := range packages {
		name := p.partName()
		if owner[p.ImportPath] = name; name == "" {
			continue
		}
		root, version := goroot, goVersion
		if name != standard {
			root, version = p.Module.Dir, p.Module.Version
		}
		if parts[name] == nil {
			parts[name] = &part{name: name, version: version}
		}
		if err := parts[name].addTexts(p.Dir, root); err != nil {
			return nil, err
		}
	}
	for _, p := range packages {
		from := parts[owner[p.ImportPath]]
		for _, path := range p.Imports {
			if to := owner[path]; from != nil && to != "" && to != from.name {
				from.uses = append(from.uses, to)
			}
		}
	}
	var sorted []part
	for _, p := range parts {
		if err := p.settle(); err != nil {
			return nil, err
		}
		sorted = append(sorted, *p)
	}
	slices.SortFunc(sorted, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return sorted, nil
}

// addTexts reads the texts from dir up to root.
func (p *part) addTexts(dir, root string) error {
	for {
		below, err := filepath.Rel(root, dir)
		if err != nil || strings.HasPrefix(below, "..") {
			return fmt.Errorf("find licences of %q: %q is not below %q", p.name, dir, root)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := p.addText(dir, below, e); err != nil {
				return err
			}
		}
		if below == "." {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func (p *part) addText(dir, below string, e fs.DirEntry) error {
	name := filepath.ToSlash(filepath.Join(below, e.Name()))
	known := slices.ContainsFunc(p.texts, func(t text) bool { return t.name == name })
	if known || !e.Type().IsRegular() || !isLicence(name) && !isNotice(name) {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(dir, e.Name()))
	if err != nil {
		return err
	}
	p.texts = append(p.texts, text{name, data})
	return nil
}

// settle sorts what was found, and says which licence it is.
func (p *part) settle() error {
	slices.SortFunc(p.texts, func(a, b text) int { return strings.Compare(a.name, b.name) })
	slices.Sort(p.uses)
	p.uses = slices.Compact(p.uses)
	var found []string
	for _, t := range p.texts {
		if !isLicence(t.name) {
			continue
		}
		id, err := licenceOf(t.data)
		if err != nil {
			return fmt.Errorf("read %q of %q: %w", t.name, p.name, err)
		}
		found = append(found, id)
	}
	if found == nil {
		return fmt.Errorf("find licence of %q: there is none", p.name)
	}
	p.licence = allOf(found)
	return nil
}

// allOf is the SPDX expression for all licences at once.
func allOf(ids []string) string {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) > 1 {
		for i, id := range ids {
			if strings.Contains(id, " OR ") {
				ids[i] = "(" + id + ")"
			}
		}
	}
	return strings.Join(ids, " AND ")
}

// isLicence reports whether a file of this name is a licence.
func isLicence(name string) bool {
	return isNamed(name, "license", "licence", "copying", "unlicense")
}

// isNotice reports whether a file of this name goes along with a licence.
func isNotice(name string) bool { return isNamed(name, "notice", "patents", "copyright") }

// isNamed: NAME, NAME.txt or NAME-MIT, but not a program about it.
func isNamed(name string, names ...string) bool {
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	return !strings.HasSuffix(base, ".go") && slices.ContainsFunc(names, func(n string) bool {
		rest, ok := strings.CutPrefix(base, n)
		return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])))
	})
}

// phrases tell licences apart. The words of one that has a wider form are also in that.
var phrases = []struct {
	id, wider string
	all       []string // in lower case, with single blanks
}{
	{"Apache-2.0", "", []string{"apache license version 2.0", "grant of patent license"}},
	{"MPL-2.0", "", []string{"mozilla public license version 2.0"}},
	{"MIT", "", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice"}},
	{"BSD-3-Clause", "", []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD-2-Clause", "BSD-3-Clause", []string{"redistribution and use in source and binary forms", "in binary form must reproduce"}},
	{"ISC", "", []string{"permission to use, copy, modify, and", "distribute this software for any purpose with or without fee"}},
}

// licenceOf says which licence a text is, by what it says of itself or by its words.
func licenceOf(data []byte) (string, error) {
	said := string(data)
	if _, rest, ok := strings.Cut(said, "SPDX-License-Identifier:"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "*/")), nil
	}
	words := strings.ReplaceAll(strings.Join(strings.Fields(strings.ToLower(said)), " "), "license, version", "license version")
	var found []string
	for _, p := range phrases {
		lacks := slices.ContainsFunc(p.all, func(phrase string) bool { return !strings.Contains(words, phrase) })
		if !lacks && !slices.Contains(found, p.wider) {
			found = append(found, p.id)
		}
	}
	if found == nil {
		return "", errors.New("a licence that scripts/release/licence.go does not know, without a line SPDX-License-Identifier")
	}
	return allOf(found), nil
}

// holders are the lines that say whose the part is.
func (p part) holders() []string {
	line := regexp.MustCompile(`(?im)^\s*copyright\s+((?:\(c\)|©|[12]\d\d\d).*\S)\s*$`)
	var found []string
	for _, t := range p.texts {
		for _, match := range line.FindAllSubmatch(t.data, -1) {
			said := string(match[1])
			if !slices.Contains(found, said) {
				found = append(found, said)
			}
		}
	}
	return found
}

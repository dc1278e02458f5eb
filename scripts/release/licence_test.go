package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Enough of each licence to be known by.
const (
	mitWords = "Copyright (c) 2018 A. Uthor\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of it, if\nthe above copyright notice and this permission notice stay.\n"
	bsdWords = "Copyright 2009 The Authors.\n\nRedistribution and use in source and\nbinary forms: in binary form must reproduce\n"
	threeth  = "nor be used to endorse or promote products\n"
	apache   = "Apache License\nVersion 2.0, January 2004\nCopyright [yyyy] [name of copyright owner]\n3. Grant of Patent License.\n"
)

// place writes a file below dir.
func place(t *testing.T, dir, name, data string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// someModule is a package of a module in dir.
func someModule(dir, module, below string, imports ...string) goPackage {
	p := goPackage{ImportPath: module + below, Dir: filepath.Join(dir, module, below), Imports: imports}
	p.Module = &struct {
		Path, Version, Dir string
		Main               bool
	}{module, "v1.0.0", filepath.Join(dir, module), false}
	return p
}

// TestCollectParts: texts from the package's folder up to the module's and no further, each once,
// of what is linked in only, and who imports whom.
func TestCollectParts(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "LICENSE", "of something else")
	place(t, dir, "a/LICENSE.txt", mitWords)
	place(t, dir, "a/license.go", "package a")
	place(t, dir, "a/x/y/COPYING", bsdWords)
	place(t, dir, "a/unused/LICENSE", "who knows")
	place(t, dir, "b/LICENSE", apache)
	place(t, dir, "b/NOTICE", "Copyright 2018 B, Inc\n")
	place(t, dir, "go/LICENSE", bsdWords+threeth)
	place(t, dir, "go/src/net/net.go", "package net")
	main := goPackage{ImportPath: "tool", Dir: dir, Imports: []string{"a/x/y", "b"}}
	net := goPackage{ImportPath: "net", Dir: filepath.Join(dir, "go/src/net"), Standard: true}
	packages := []goPackage{net, someModule(dir, "b", "", "net"), someModule(dir, "a", "", "net", "b"), someModule(dir, "a", "/x/y", "a", "b"), main}
	parts, err := collectParts(packages, filepath.Join(dir, "go"), "go1.26")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range parts {
		line := []string{p.name, p.version, p.licence, strings.Join(p.uses, "+")}
		for _, text := range p.texts {
			line = append(line, text.name)
		}
		got = append(got, strings.Join(append(line, p.holders()...), "|"))
	}
	want := []string{
		"a|v1.0.0|BSD-2-Clause AND MIT|b+std|LICENSE.txt|x/y/COPYING|(c) 2018 A. Uthor|2009 The Authors.",
		"b|v1.0.0|Apache-2.0|std|LICENSE|NOTICE|2018 B, Inc",
		"std|go1.26|BSD-3-Clause||LICENSE|2009 The Authors.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestNoLicence: what has none, or one that nobody knows, is not passed on.
func TestNoLicence(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a/a.go", "package a")
	place(t, dir, "b/LICENSE", "All yours, or not.")
	for module, want := range map[string]string{"a": "there is none", "b": "does not know"} {
		_, err := collectParts([]goPackage{someModule(dir, module, "")}, dir, "go1.26")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want %q", module, err, want)
		}
	}
}

// TestLicenceOf: one by its words, two in one file, and what a file says of itself.
func TestLicenceOf(t *testing.T) {
	for want, said := range map[string]string{
		"MIT": mitWords, "BSD-2-Clause": bsdWords, "BSD-3-Clause": bsdWords + threeth, "Apache-2.0": apache,
		"BSD-3-Clause AND MIT":            mitWords + bsdWords + threeth,
		"BSD-3-Clause OR GPL-2.0-only":    "/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */\n" + bsdWords,
		"(A OR B) AND Apache-2.0":         "SPDX-License-Identifier: (A OR B) AND Apache-2.0",
		"MPL-2.0":                         "Mozilla Public License Version 2.0",
		"Apache-2.0 AND BSD-2-Clause":     apache + bsdWords,
		"Apache-2.0 WITH LLVM-exceptions": "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exceptions\n" + apache,
	} {
		if got, err := licenceOf([]byte(said)); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if got := allOf([]string{"MIT", "BSD-3-Clause OR GPL-2.0-only", "MIT"}); got != "(BSD-3-Clause OR GPL-2.0-only) AND MIT" {
		t.Errorf("all of them is %q", got)
	}
}

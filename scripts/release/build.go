package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// build is the program for one system, and what is in it.
type build struct {
	target
	program   []byte
	goVersion string
	parts     []part
}

// compile builds the program of the source tree top, as scripts/install.sh does, and finds
// out what was linked in.
func compile(top string, t target, version string) (*build, error) {
	tmp, err := os.MkdirTemp("", "nettool-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	name := filepath.Join(tmp, "nettool")
	if _, err := goCommand(top, t, "build", "-mod=readonly", "-buildvcs=false", "-trimpath",
		"-ldflags", "-s -w -X nettool/applets.version="+version, "-o", name, "."); err != nil {
		return nil, err
	}
	b := &build{target: t}
	if b.program, err = os.ReadFile(name); err != nil {
		return nil, err
	}
	if err := b.readParts(top); err != nil {
		return nil, fmt.Errorf("look into the program for %s/%s: %w", t.os, t.arch, err)
	}
	return b, nil
}

// readParts asks the go command for the packages, and the program itself for its modules:
// the two must agree.
func (b *build) readParts(top string) error {
	info, err := buildinfo.Read(bytes.NewReader(b.program))
	if err != nil {
		return err
	}
	b.goVersion = info.GoVersion
	listed, err := goCommand(top, b.target, "list", "-mod=readonly", "-deps", "-json=ImportPath,Dir,Standard,Imports,Module", ".")
	if err != nil {
		return err
	}
	packages, err := readPackages(bytes.NewReader(listed))
	if err != nil {
		return err
	}
	goroot, err := goCommand(top, b.target, "env", "GOROOT")
	if err != nil {
		return err
	}
	if b.parts, err = collectParts(packages, strings.TrimSpace(string(goroot)), info.GoVersion); err != nil {
		return err
	}
	sums := map[string]string{}
	for _, m := range info.Deps {
		if m.Replace != nil {
			return fmt.Errorf("module %q is replaced: its licence is not looked for", m.Path)
		}
		sums[m.Path] = m.Sum
	}
	for i, p := range b.parts {
		b.parts[i].sum = sums[p.name]
		delete(sums, p.name)
	}
	for missing := range sums {
		return fmt.Errorf("module %q is linked in and not listed", missing)
	}
	return nil
}

// readPackages reads what go list -json prints: one object behind the other.
func readPackages(r io.Reader) (packages []goPackage, err error) {
	for d := json.NewDecoder(r); ; {
		var p goPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, err
		}
		packages = append(packages, p)
	}
}

// goCommand runs the go command for a target.
func goCommand(top string, t target, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = top, os.Stderr
	cmd.Env = append(os.Environ(), t.environ()...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run go %s for %s/%s: %w", args[0], t.os, t.arch, err)
	}
	return out, nil
}

// licences are those of all parts, and which.
func (b *build) licences() []string {
	var ids []string
	for _, p := range b.parts {
		ids = append(ids, p.licence)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

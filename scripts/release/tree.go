package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// doc is where the papers of an archive are, licences where the licences are.
const (
	doc      = "share/doc/nettool/"
	licences = doc + "licences/"
)

// tree is what an archive for the system holds, below its folder. Its paths are those below
// a prefix, as of install.sh --prefix; Windows has none.
func (r *release) tree(b *build) ([]file, error) {
	sbom, err := r.sbom(b)
	if err != nil {
		return nil, err
	}
	papers, err := pages(r.top)
	if err != nil {
		return nil, err
	}
	papers = append(papers, file{name: doc + "sbom.cdx.json", mode: 0o644, data: sbom})
	papers = append(papers, r.licenceFiles(b)...)
	if b.os == "windows" {
		for i := range papers {
			papers[i].name = strings.TrimPrefix(papers[i].name, doc)
		}
		return append(papers, file{name: "nettool.exe", mode: 0o755, data: b.program}), nil
	}
	files := append(papers, r.share...)
	files = append(files, file{name: "bin/nettool", mode: 0o755, data: b.program})
	for _, link := range []string{"tcpserve", "tcpconnect", "tcpprobe"} {
		files = append(files, file{name: "bin/" + link, link: "nettool"})
	}
	services, err := readTree(filepath.Join(r.top, "scripts/service"))
	if err != nil {
		return nil, err
	}
	for _, f := range services {
		where, name, _ := strings.Cut(f.name, "/")
		switch {
		case where == "s6":
			f.name = doc + "examples/s6/" + name
		case where == "systemd" && b.os == "linux":
			f.name = "lib/systemd/system/" + name
		default:
			continue
		}
		files = append(files, f)
	}
	return files, nil
}

// pages are the README of the source tree top and those of the applets, which it leads to.
func pages(top string) (pages []file, err error) {
	err = fs.WalkDir(os.DirFS(top), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || name != "." && name != "applets" && !strings.HasPrefix(name, "applets/")):
			return fs.SkipDir
		case entry.IsDir() || entry.Name() != "README.md":
			return nil
		}
		data, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		pages = append(pages, file{name: doc + name, mode: 0o644, data: data})
		return err
	})
	return pages, err
}

// licenceFiles are the licences of all that is in the program, and a list of them.
func (r *release) licenceFiles(b *build) []file {
	var list bytes.Buffer
	fmt.Fprintf(&list, "What is in nettool %s for %s/%s, and under which licence. The texts are beside this file.\n\n", r.version, b.os, b.arch)
	fmt.Fprintf(&list, "nettool %s: %s\n", r.version, r.own.said())
	files := []file{}
	for _, t := range r.own.texts {
		files = append(files, file{name: licences + "nettool/" + t.name, mode: 0o644, data: t.data})
	}
	for _, p := range b.parts {
		fmt.Fprintf(&list, "%s %s: %s\n", p.name, p.version, p.licence)
		for _, t := range p.texts {
			files = append(files, file{name: path.Join(licences, p.name, t.name), mode: 0o644, data: t.data})
		}
	}
	return append(files, file{name: licences + "README", mode: 0o644, data: list.Bytes()})
}

// readTree reads all regular files below dir; those that begin with #! are programs. The
// modes that they have are those of whoever checked them out.
func readTree(dir string) (files []file, err error) {
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(data, []byte("#!")) {
			mode = 0o755
		}
		files = append(files, file{name: filepath.ToSlash(below), mode: mode, data: data})
		return nil
	})
	return files, err
}

// packageTree is the tree of an archive as a package has it, below /usr: units that say so,
// manual pages compressed, and papers where the distribution's own are.
func (r *release) packageTree(b *build, format string, files []file) ([]file, error) {
	var moved []file
	for _, f := range files {
		switch {
		case strings.HasPrefix(f.name, "lib/systemd/"):
			f.data = bytes.ReplaceAll(f.data, []byte("/usr/local/bin/"), []byte("/usr/bin/"))
		case strings.HasPrefix(f.name, "share/man/"):
			f.name += ".gz"
			f.data = zipped(f.data)
		case strings.HasPrefix(f.name, licences) && format == "deb":
			continue // the file copyright has them all
		case strings.HasPrefix(f.name, licences):
			f.name = "share/licenses/nettool/" + strings.TrimPrefix(f.name, licences)
		case strings.HasPrefix(f.name, "share/zsh/") && format == "deb":
			f.name = "share/zsh/vendor-completions/" + path.Base(f.name)
		}
		moved = append(moved, f)
	}
	if format == "deb" {
		moved = append(moved,
			file{name: doc + "copyright", mode: 0o644, data: r.copyright(b)},
			file{name: doc + "changelog.gz", mode: 0o644, data: zipped(r.changelog())},
			file{name: "share/lintian/overrides/nettool", mode: 0o644, data: overrides})
	}
	return byName(moved), nil
}

// zipped is gzip -9n.
func zipped(data []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic(err) // not of a level that there is
	}
	w.Write(data) // into memory: never fails
	w.Close()
	return buf.Bytes()
}

// Release builds what is handed out: an archive for each system, packages for
// distributions of Linux, and their checksums. The same commit, built with the same Go, is the same
// bytes. Call it by scripts/release.sh, which knows the version.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// release is what all archives and packages have in common.
type release struct {
	top, dir   string // the source tree; where the files go
	version    string // as nettool --version says it
	form       version
	commit     string
	maintainer string
	when       time.Time // of the commit: the time of all files
	own        ownLicence
	share      []file // manual pages and completions
	nfpm       func() (string, error)
}

func main() {
	r := &release{}
	flag.StringVar(&r.top, "top", ".", "the `folder` of the source tree")
	flag.StringVar(&r.dir, "to", "dist", "the `folder` to write to")
	flag.StringVar(&r.version, "version", "", "the `version`")
	flag.StringVar(&r.commit, "commit", "", "the `commit`")
	flag.StringVar(&r.maintainer, "maintainer", "", "who answers for the packages: `NAME <MAIL>`")
	seconds := flag.Int64("time", 0, "the `time` of the commit, in seconds of Unix time")
	share := flag.String("share", "", "the `folder` that scripts/manual.sh has written to")
	only := flag.String("only", "*", "write only files of names that match one of the `patterns`, which commas are between")
	flag.Parse()
	r.when = time.Unix(*seconds, 0)
	if err := r.run(*share, *only); err != nil {
		fmt.Fprintf(os.Stderr, "release: error: %v\n", err)
		os.Exit(1)
	}
}

// run writes the files whose names match only.
func (r *release) run(share, only string) error {
	if err := r.prepare(share); err != nil {
		return err
	}
	var sums []string
	for _, t := range targets() {
		names, err := r.wanted(t, only)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			continue
		}
		lines, err := r.write(t, names)
		if err != nil {
			return err
		}
		sums = append(sums, lines...)
	}
	if sums == nil {
		return fmt.Errorf("find files to write: no name matches %q", only)
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return os.WriteFile(filepath.Join(r.dir, "SHA256SUMS"), []byte(strings.Join(sums, "")), 0o644)
}

// prepare reads what does not depend on the system.
func (r *release) prepare(share string) (err error) {
	if r.form, err = parseVersion(r.version); err != nil {
		return err
	}
	if r.own, err = readOwnLicence(filepath.Join(r.top, "scripts/release")); err != nil {
		return err
	}
	if r.own.id == "" {
		fmt.Fprintln(os.Stderr, "release: no licence of nettool's own: scripts/release/LICENSE is its place; the packages say that none has been chosen")
	}
	if r.share, err = readTree(share); err != nil {
		return err
	}
	for i := range r.share {
		r.share[i].name = "share/" + r.share[i].name
	}
	r.nfpm = sync.OnceValues(func() (string, error) { return findNFPM(r.top) })
	return os.MkdirAll(r.dir, 0o755)
}

// readOwnLicence reads the files of dir that are nettool's licence.
func readOwnLicence(dir string) (own ownLicence, err error) {
	p := part{name: "nettool"}
	if err := p.addTexts(dir, dir); err != nil || p.texts == nil {
		return own, err
	}
	if err := p.settle(); err != nil {
		return own, err
	}
	return ownLicence{p.licence, p.texts}, nil
}

// archiveName is that of a system's archive.
func (r *release) archiveName(t target) string {
	if t.os == "windows" {
		return t.stem(r.version) + ".zip"
	}
	return t.stem(r.version) + ".tar.gz"
}

// wanted are the names of the files for a system that match only; the end of each says its
// format.
func (r *release) wanted(t target, only string) (names []string, err error) {
	all := []string{r.archiveName(t)}
	if t.packages {
		for _, format := range []string{"deb", "rpm", "apk"} {
			all = append(all, r.packageName(t, format))
		}
	}
	for _, name := range all {
		ok, err := matches(only, name)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// matches reports whether a name matches one of the patterns.
func matches(patterns, name string) (bool, error) {
	for pattern := range strings.SplitSeq(patterns, ",") {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return false, fmt.Errorf("read pattern %q: %w", pattern, err)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// write builds the program for a system and writes the files of these names. It returns their
// lines of SHA256SUMS.
func (r *release) write(t target, names []string) (sums []string, err error) {
	b, err := compile(r.top, t, r.version)
	if err != nil {
		return nil, err
	}
	files, err := r.tree(b)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		switch format := strings.TrimPrefix(path.Ext(name), "."); format {
		case "deb", "rpm", "apk":
			err = r.writePackage(b, format, files)
		default:
			err = r.writeArchive(b, name, files)
		}
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			return nil, err
		}
		sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
		fmt.Printf("%s %d\n", name, len(data))
	}
	return sums, nil
}

// writeArchive writes an archive, as a new file.
func (r *release) writeArchive(b *build, name string, files []file) error {
	write := writeTar
	if b.os == "windows" {
		write = writeZip
	}
	var buf bytes.Buffer
	if err := write(&buf, b.stem(r.version), files, r.when); err != nil {
		return fmt.Errorf("write archive %q: %w", name, err)
	}
	to := filepath.Join(r.dir, name)
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(to, buf.Bytes(), 0o644)
}

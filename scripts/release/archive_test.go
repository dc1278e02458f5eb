package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
)

// someFiles are not sorted.
func someFiles() []file {
	return []file{
		{name: "share/doc/README", mode: 0o644, data: []byte("read me\n")},
		{name: "bin/tool", mode: 0o755, data: []byte("program")},
		{name: "bin/other", link: "tool"},
	}
}

var someTime = time.Unix(1_700_000_000, 0)

// TestTar: all is there, is root's, has the one time, and folders come before what is in them.
func TestTar(t *testing.T) {
	var buf bytes.Buffer
	if err := writeTar(&buf, "tool-1", someFiles(), someTime); err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if zr.Name != "" || !zr.ModTime.IsZero() {
		t.Errorf("gzip has the name %q and the time %v, want neither", zr.Name, zr.ModTime)
	}
	var got []string
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || h.Gname != "root" || !h.ModTime.Equal(someTime) {
			t.Errorf("%s is of %d (%s), %d (%s), %v", h.Name, h.Uid, h.Uname, h.Gid, h.Gname, h.ModTime)
		}
		text, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %s%s", h.Name, h.Mode, h.Linkname, text))
	}
	want := []string{
		"tool-1/ 755 ", "tool-1/bin/ 755 ", "tool-1/bin/other 777 tool", "tool-1/bin/tool 755 program",
		"tool-1/share/ 755 ", "tool-1/share/doc/ 755 ", "tool-1/share/doc/README 644 read me\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestZip: programs are programs there, too.
func TestZip(t *testing.T) {
	var buf bytes.Buffer
	if err := writeZip(&buf, "tool-1", someFiles()[:2], someTime); err != nil {
		t.Fatal(err)
	}
	zr, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]fs.FileMode{
		"tool-1/": fs.ModeDir | 0o755, "tool-1/bin/": fs.ModeDir | 0o755, "tool-1/bin/tool": 0o755,
		"tool-1/share/": fs.ModeDir | 0o755, "tool-1/share/doc/": fs.ModeDir | 0o755, "tool-1/share/doc/README": 0o644,
	}
	if len(zr.File) != len(modes) {
		t.Errorf("%d entries, want %d", len(zr.File), len(modes))
	}
	for _, f := range zr.File {
		if f.Mode() != modes[f.Name] || !f.Modified.Equal(someTime) {
			t.Errorf("%s has the mode %v and the time %v, want %v and %v", f.Name, f.Mode(), f.Modified, modes[f.Name], someTime)
		}
	}
	if text, err := fs.ReadFile(zr, "tool-1/bin/tool"); err != nil || string(text) != "program" {
		t.Errorf("bin/tool has %q, %v", text, err)
	}
}

// TestSameBytes: the order in which files come, and the place where the builder lives, change nothing.
func TestSameBytes(t *testing.T) {
	writers := map[string]func(io.Writer, string, []file, time.Time) error{"tar": writeTar, "zip": writeZip}
	for name, write := range writers {
		files := someFiles()[:2]
		var first, second bytes.Buffer
		err := write(&first, "tool-1", files, someTime)
		slices.Reverse(files)
		if err := errors.Join(err, write(&second, "tool-1", files, someTime.In(time.FixedZone("there", 5*3600)))); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("two archives of %s differ", name)
		}
		if strings.Contains(first.String(), "there") {
			t.Errorf("the archive of %s knows the builder's zone", name)
		}
	}
}

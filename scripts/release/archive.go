package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// file is one entry of an archive or of a package: a regular file, or, with a link, a
// symbolic link to that.
type file struct {
	name string // below the top, with slashes
	mode fs.FileMode
	data []byte
	link string
}

// byName sorts files, so that the same files are the same archive.
func byName(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return strings.Compare(a.name, b.name) })
}

// folders are the names of all folders that the files are in, the outer ones first.
func folders(files []file) []string {
	var names []string
	for _, f := range files {
		for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
			names = append(names, dir)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// writeTar writes a .tar.gz with everything in the folder top. All is root's and of one
// time: nothing of who builds it, where or when, is in it.
func writeTar(w io.Writer, top string, files []file, when time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(zw)
	for _, f := range below(top, files) {
		if err := writeTarEntry(tw, f, when); err != nil {
			return err
		}
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return zw.Close()
}

func writeTarEntry(tw *tar.Writer, f file, when time.Time) error {
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode.Perm()), Size: int64(len(f.data)),
		ModTime: when, Uname: "root", Gname: "root", Format: tar.FormatUSTAR,
	}
	switch {
	case f.mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, f.name+"/"
	case f.link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, f.link, 0o777
	}
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err := tw.Write(f.data)
	return err
}

// writeZip is writeTar for those who have no tar. It knows no links.
func writeZip(w io.Writer, top string, files []file, when time.Time) error {
	zw := zip.NewWriter(w)
	zw.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, f := range below(top, files) {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: when.UTC()}
		h.SetMode(f.mode)
		if f.mode.IsDir() {
			h.Name, h.Method = f.name+"/", zip.Store
		}
		entry, err := zw.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return zw.Close()
}

// below puts the files into the folder top, with an entry for each folder before what is
// in it.
func below(top string, files []file) []file {
	var all []file
	for _, f := range files {
		f.name = path.Join(top, f.name)
		all = append(all, f)
	}
	for _, dir := range folders(all) {
		all = append(all, file{name: dir, mode: fs.ModeDir | 0o755})
	}
	return byName(all)
}

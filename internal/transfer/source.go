package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// What is not sent.
var (
	errNotRegular = errors.New("it is no regular file: left out")
	errLink       = errors.New("it is a symbolic link: left out")
	errDirectory  = errors.New("it is a directory")
)

// kind is why a file of this type is not sent, or nil.
func kind(t fs.FileMode) error {
	switch {
	case t&fs.ModeSymlink != 0:
		return errLink
	case !t.IsRegular():
		return errNotRegular
	}
	return nil
}

// Files are the files with these paths, each under the last part of its path, and with
// recursive all that is below those that are directories, under what leads there from
// the directory's own name. What is left out comes with the reason.
func Files(paths []string, recursive bool) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, p := range paths {
			if !file(p, recursive, yield) {
				return
			}
		}
	}
}

// file yields one path. It is false when no more are wanted.
func file(p string, recursive bool, yield func(Item, error) bool) bool {
	item := local(p, baseOf(p))
	st, err := os.Stat(p) // a link that is named is meant
	switch {
	case err != nil:
		return yield(item, err)
	case st.IsDir() && !recursive:
		return yield(item, fmt.Errorf("%w: -r sends directories", errDirectory))
	case st.IsDir():
		return walk(os.DirFS(p), func(name string) Item { return local(filepath.Join(p, name), path.Join(item.Name, name)) }, yield)
	case !st.Mode().IsRegular():
		return yield(item, errNotRegular)
	}
	return yield(item, nil)
}

// baseOf is the last part of a path, also of one like "." or "..".
func baseOf(p string) string {
	if full, err := filepath.Abs(p); err == nil {
		p = full
	}
	return filepath.Base(p)
}

func local(p, name string) Item {
	return Item{Name: name, Path: p, Open: func() (*os.File, error) { return os.Open(p) }}
}

// walk yields all files of a tree. It is false when no more are wanted.
func walk(tree fs.FS, item func(name string) Item, yield func(Item, error) bool) bool {
	more := true
	fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			more = yield(item(name), err)
		case d.IsDir():
			return nil
		default:
			more = yield(item(name), kind(d.Type()))
		}
		if !more {
			return fs.SkipAll
		}
		if err != nil && d != nil && d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return more
}

// Below are the files of a directory with these names, with all that is below those
// that are directories; without names they are all there are. What begins with a dot
// is hidden, and what is unfinished is no file yet.
func Below(root *os.Root, names []string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if len(names) == 0 {
			names = []string{"."}
		}
		for _, name := range names {
			if !below(root, name, yield) {
				return
			}
		}
	}
}

func below(root *os.Root, name string, yield func(Item, error) bool) bool {
	item := inside(root, name)
	st, err := root.Lstat(name)
	switch {
	case err != nil:
		return yield(item, bare(err))
	case !st.IsDir():
		return yield(item, kind(st.Mode().Type()))
	}
	tree, err := fs.Sub(root.FS(), name)
	if err != nil {
		return yield(item, bare(err))
	}
	return walk(tree, func(n string) Item { return inside(root, path.Join(name, n)) }, func(item Item, err error) bool {
		if CheckName(item.Name) != nil && err == nil {
			return true
		}
		return yield(item, bare(err))
	})
}

func inside(root *os.Root, name string) Item {
	return Item{Name: name, Path: name, Open: func() (*os.File, error) {
		f, err := root.Open(name)
		return f, bare(err)
	}}
}

// bare is an error without the path, which the peer knows by its name.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// One is a single file, whatever is asked for, under the name it has.
func One(p string, names []string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		item := local(p, strings.TrimLeft(filepath.Base(p), "."))
		if len(names) == 0 {
			yield(item, nil)
			return
		}
		for _, name := range names {
			if name == item.Name {
				if !yield(item, nil) {
					return
				}
			} else if !yield(Item{Name: name}, fs.ErrNotExist) {
				return
			}
		}
	}
}

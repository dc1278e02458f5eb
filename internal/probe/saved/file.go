package saved

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is there as a whole or not at all: it has its name only when all of
// it is written (rename(2)). What is no regular file, such as /dev/stdout or a FIFO, is
// written to directly.
type File struct {
	*os.File
	name string // that it is to have; "" has it already
}

// Create begins a file, so that one that cannot be written is known before the run. The
// caller calls Commit or Discard.
func Create(name string) (*File, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &File{File: f}, err
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real // a link stays one
	}
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	return &File{File: f, name: name}, err
}

// Commit closes the file and gives it its name.
func (f *File) Commit() error {
	err := f.Close()
	if err != nil || f.name == "" {
		return err
	}
	return os.Rename(f.File.Name(), f.name)
}

// Discard removes what was not committed.
func (f *File) Discard() error {
	err := f.Close()
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	if f.name != "" {
		return errors.Join(err, os.Remove(f.File.Name()))
	}
	return err
}

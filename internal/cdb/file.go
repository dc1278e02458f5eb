package cdb

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
)

// File is an open database. It is read while others write a new one and rename it to
// its path, as tcprules(1) does: it stays what it was when it was opened. Many may
// ask it at a time.
type File struct {
	path string
	file *os.File
	size int64
	data []byte // the whole file
}

// Open opens a database, which has to be a regular file, and looks at its header: a
// file that was cut short is a *FormatError here already.
func Open(path string) (*File, error) {
	file, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, file: file}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := f.guarded(f.checkHeader); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *File) load() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	switch {
	case info.IsDir():
		return &fs.PathError{Op: "read", Path: f.path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return f.broken("is not a regular file")
	case f.size < headerSize:
		return f.broken("its %d bytes are fewer than the %d of a header", f.size, headerSize)
	case f.size > maxSize || int64(int(f.size)) != f.size:
		return f.broken("its %d bytes are more than a database can have here", f.size)
	}
	f.data, err = contents(f.file, int(f.size))
	if err != nil {
		return fmt.Errorf("read %q: %w", f.path, err)
	}
	return nil
}

func (f *File) broken(format string, args ...any) error {
	return &FormatError{f.path, fmt.Sprintf(format, args...)}
}

func (f *File) checkHeader() error {
	for table := range tables {
		at, slots := pair(f.data, uint64(table*pairSize))
		if !f.holds(uint64(at), uint64(slots)*pairSize) {
			return f.broken("table %d, %d slots at %d, goes beyond the end, %d", table, slots, at, f.size)
		}
	}
	return nil
}

// holds reports whether so many bytes from a position on are in the file. Neither
// number is so large that their sum overflows.
func (f *File) holds(at, length uint64) bool { return at+length <= uint64(f.size) }

// Find returns the value of a key; of several records with that key the first
// counts. The value is the caller's, a copy. A search that leads out of the file is a
// *FormatError; so is a file that was cut short since it was opened, for nobody knows
// what was there.
func (f *File) Find(key []byte) (value []byte, found bool, err error) {
	err = f.guarded(func() (err error) {
		value, found, err = f.find(key)
		return err
	})
	if err == nil {
		err = f.checkSize()
	}
	if err != nil {
		return nil, false, err
	}
	return value, found, nil
}

// guarded lets look read the data. A page of it that is no longer in the file raises
// SIGBUS, which ends a process; here it ends look.
func (f *File) guarded(look func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // what the runtime panics with at a fault
			err = f.broken("is shorter than when it was opened, or cannot be read")
		default:
			panic(reason)
		}
	}()
	return look()
}

// checkSize sees a cut that raised no SIGBUS: the rest of a page reads as zeros,
// which are free slots.
func (f *File) checkSize() error {
	info, err := f.file.Stat()
	if err == nil && info.Size() < f.size {
		err = f.broken("is shorter than when it was opened: %d bytes, not %d", info.Size(), f.size)
	}
	return err
}

func (f *File) find(key []byte) (value []byte, found bool, err error) {
	h := hash(key)
	table, slots := pair(f.data, uint64(h%tables*pairSize))
	if slots == 0 {
		return nil, false, nil
	}
	slot := first(h, slots)
	for range slots {
		other, at := pair(f.data, uint64(table)+uint64(slot)*pairSize)
		if at == 0 {
			return nil, false, nil
		}
		if other == h {
			if value, found, err = f.record(uint64(at), key); found || err != nil {
				return value, found, err
			}
		}
		if slot++; slot == slots {
			slot = 0
		}
	}
	return nil, false, nil
}

// record returns a copy of the value of the record at a position, if that is its key.
func (f *File) record(at uint64, key []byte) (value []byte, found bool, err error) {
	if !f.holds(at, pairSize) {
		return nil, false, f.broken("record at %d: is beyond the end, %d", at, f.size)
	}
	keySize, valueSize := pair(f.data, at)
	start := at + pairSize
	middle := start + uint64(keySize)
	end := middle + uint64(valueSize)
	if end > uint64(f.size) {
		return nil, false, f.broken("record at %d: its key of %d bytes and value of %d go beyond the end, %d", at, keySize, valueSize, f.size)
	}
	if !bytes.Equal(f.data[start:middle], key) {
		return nil, false, nil
	}
	return append([]byte{}, f.data[middle:end]...), true, nil
}

// Close gives the file and its memory back. Nobody may be in Find.
func (f *File) Close() error {
	data := f.data
	f.data = nil
	return errors.Join(release(data), f.file.Close())
}

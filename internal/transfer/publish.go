package transfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// finish gives the file its name and returns it; it is not the one that was asked for
// when another file has that. One that has the same bytes is as good as this one: it is
// known then. durable has it on the disk.
func (u *upload) finish(durable bool) (name string, known bool, err error) {
	if u.to != nil {
		return u.put.name, false, nil
	}
	root := u.store.last
	err = u.preserve()
	if err == nil && durable {
		err = u.file.Sync()
	}
	base := u.base
	if err == nil {
		base, known, err = u.publish()
	}
	if err == nil && durable {
		err = syncDir(root)
	}
	if err != nil {
		u.drop()
		return "", false, err
	}
	u.file.Close()
	return path.Join(u.dir, base), known, nil
}

// preserve gives the file what the sender has told of it. Who can read it can execute
// it.
func (u *upload) preserve() error {
	if u.put.exec {
		st, err := u.file.Stat()
		if err == nil {
			err = u.file.Chmod(st.Mode().Perm() | st.Mode().Perm()&0o444>>2)
		}
		if err != nil {
			return err
		}
	}
	if u.put.mtime.IsZero() {
		return nil
	}
	return u.store.last.Chtimes(u.temp, time.Time{}, u.put.mtime)
}

// publish gives the file a name that it keeps.
func (u *upload) publish() (base string, known bool, err error) {
	root := u.store.last
	if u.store.as != "" {
		return u.base, false, root.Rename(u.temp, u.base)
	}
	for n := range mostTwins {
		base = twin(u.base, n)
		err = place(root, u.temp, base)
		if !errors.Is(err, fs.ErrExist) {
			return base, false, err
		}
		if u.hash != nil && same(root, base, u.put.size, u.sum()) {
			return base, true, root.Remove(u.temp)
		}
	}
	return "", false, fmt.Errorf("%s: there are %d files of this name", u.put.name, mostTwins)
}

// place moves a file to a name that nothing has: link(2) fails otherwise, whoever
// else may want the name. Where there are no links an empty file takes it first.
func place(root *os.Root, temp, base string) error {
	err := root.Link(temp, base)
	if err == nil {
		return root.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) || !linkless(err) {
		return err
	}
	f, err := root.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	f.Close()
	return root.Rename(temp, base)
}

// same reports whether a file has these bytes.
func same(root *os.Root, base string, size int64, want Sum) bool {
	got, err := sumOf(root, base, size)
	return err == nil && got == want
}

// sumOf is the sum of a regular file of this size.
func sumOf(root *os.Root, base string, size int64) (s Sum, err error) {
	if st, err := root.Lstat(base); err != nil || !st.Mode().IsRegular() || st.Size() != size {
		return s, errors.Join(err, errNotSame)
	}
	f, err := root.OpenFile(base, os.O_RDONLY, 0)
	if err != nil {
		return s, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, size))
	if err != nil || n != size {
		return s, errors.Join(err, errNotSame)
	}
	h.Sum(s.of[:0])
	s.known = true
	return s, nil
}

var errNotSame = errors.New("it is another file")

// finished finds a file that has the name and the size, and may be the one that is
// sent.
func (s *Store) finished(p put) (name string, have Sum, found bool) {
	dir, base := path.Dir(p.name), path.Base(p.name)
	if s.as != "" || s.enter(dir) != nil {
		return "", Sum{}, false
	}
	for n := range mostTwins {
		st, err := s.last.Lstat(twin(base, n))
		if err != nil {
			return "", Sum{}, false
		}
		if !st.Mode().IsRegular() || st.Size() != p.size {
			continue
		}
		if have, err = sumOf(s.last, twin(base, n), p.size); err == nil {
			return path.Join(dir, twin(base, n)), have, true
		}
	}
	return "", Sum{}, false
}

package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"strconv"
	"time"
)

// Store is a directory into which files are put. What comes in is never written over
// what is there, and nothing is outside of the directory, or reached by way of a
// symbolic link that leads out of it. It is for one connection at a time, and keeps no
// more than one descriptor open.
type Store struct {
	root *os.Root
	as   string   // the one name that everything gets, and that is written over; or empty
	at   string   // the directory below root that was used last
	last *os.Root // it
}

// NewStore has files go to a directory, which stays the caller's, who closes the store
// before it.
func NewStore(root *os.Root) *Store { return &Store{root: root, at: ".", last: root} }

// As has the next file, whatever its name, replace the one with this name.
func (s *Store) As(name string) { s.as = name }

// Close ends the use of the directory.
func (s *Store) Close() { s.leave() }

// leave goes back to the store's own directory.
func (s *Store) leave() {
	if s.last != s.root {
		s.last.Close()
	}
	s.at, s.last = ".", s.root
}

// enter goes to a directory below, which is made if need be.
func (s *Store) enter(dir string) error {
	if dir == s.at {
		return nil
	}
	s.leave()
	if dir == "." {
		return nil
	}
	if err := s.root.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	below, err := s.root.OpenRoot(dir)
	if err == nil {
		s.at, s.last = dir, below
	}
	return err
}

// mostTwins is how many files of one name there can be.
const mostTwins = 9999

// twin is the n-th name for a file.
func twin(base string, n int) string {
	if n == 0 {
		return base
	}
	return base + "." + strconv.Itoa(n)
}

// upload is a file that is not finished.
type upload struct {
	store *Store
	put   put
	dir   string // that of the file
	base  string // its name there
	temp  string // the name there until it is finished
	named bool   // another connection finds it there
	file  *os.File
	to    io.Writer // instead of the file, when there is none
	have  int64     // bytes that are there, and are in the sum
	hash  hash.Hash
}

// begin finds what there is of a file, or makes an empty one, which the caller
// finishes, leaves or drops. With resume, it may be one of another connection.
func (s *Store) begin(p put, resume bool) (*upload, error) {
	name := p.name
	if s.as != "" {
		name = s.as
	}
	u := &upload{store: s, put: p, dir: path.Dir(name), base: path.Base(name), hash: sha256.New()}
	if err := s.enter(u.dir); err != nil {
		return nil, err
	}
	if p.plain {
		u.hash = nil
	}
	resume = resume && !p.plain
	u.temp = u.tempName("")
	if err := u.open(resume); err != nil {
		return nil, err
	}
	if err := u.catchUp(); err != nil {
		u.leave()
		return nil, err
	}
	return u, nil
}

// open opens the unfinished file, which nobody else has: one that is there already
// with resume, else an empty one.
func (u *upload) open(resume bool) error {
	root := u.store.last
	if resume {
		f, err := root.OpenFile(u.temp, os.O_RDWR|os.O_CREATE, 0o666)
		if err == nil && u.claim(f) {
			u.named = true
			return nil
		}
		if err == nil {
			f.Close()
		}
	}
	for range 100 {
		u.temp = u.tempName(strconv.FormatUint(uint64(rand.Uint32()), 16))
		f, err := root.OpenFile(u.temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case err == nil:
			u.file = f
			if !u.put.now { // that is too short to be taken for a dead one
				lock(f)
			}
			return nil
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	return fmt.Errorf("%s: all names for unfinished files are taken", u.put.name)
}

// How often, and how long apart, a lock is asked for: somebody may only look whether
// the file is in use.
const (
	lockTries = 3
	lockPause = 2 * time.Millisecond
)

// claim takes an unfinished file unless somebody else has it, or it was finished
// or removed just now.
func (u *upload) claim(f *os.File) bool {
	for tries := 0; !lock(f); tries++ {
		if tries == lockTries {
			return false
		}
		time.Sleep(lockPause)
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	there, err := u.store.last.Lstat(u.temp)
	if err != nil || !os.SameFile(st, there) {
		return false
	}
	u.file, u.have = f, st.Size()
	return true
}

// catchUp reads what is there already. What cannot be the beginning is cut off.
func (u *upload) catchUp() error {
	if u.have == 0 {
		return nil
	}
	if u.have > u.put.size {
		return u.startOver()
	}
	n, err := io.Copy(u.hash, io.LimitReader(u.file, u.have))
	if err == nil && n < u.have {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// startOver empties the file.
func (u *upload) startOver() error {
	u.have = 0
	if u.hash != nil {
		u.hash.Reset()
	}
	if err := u.file.Truncate(0); err != nil {
		return err
	}
	_, err := u.file.Seek(0, io.SeekStart)
	return err
}

// tempName is the name of an unfinished file: that of the file as far as it fits, and
// what tells it from others. Two connections never have the same one.
func (u *upload) tempName(unique string) string {
	key := sha256.Sum256([]byte(u.base + "\x00" + strconv.FormatInt(u.put.size, 10)))
	tail := "." + hex.EncodeToString(key[:8])
	if unique != "" {
		tail += "." + unique
	}
	tail += partSuffix
	return clipName(u.base, longestPart-len(tail)) + tail
}

// clipName is a name cut to so many bytes, at the beginning of a character.
func clipName(name string, most int) string {
	if len(name) <= most {
		return name
	}
	for most > 0 && name[most]&0xc0 == 0x80 {
		most--
	}
	return name[:most]
}

// toStream makes an upload of which the bytes are given on as they come.
func toStream(p put, to io.Writer) *upload {
	u := &upload{put: p, to: to, hash: sha256.New()}
	if p.plain {
		u.hash = nil
	}
	return u
}

// write adds bytes to the file; the sum gets them from elsewhere.
func (u *upload) write(b []byte) error {
	to := u.to
	if to == nil {
		to = u.file
	}
	n, err := to.Write(b)
	u.have += int64(n)
	return err
}

// sum is that of all that is there, unless it is not wanted.
func (u *upload) sum() (s Sum) {
	if u.hash == nil {
		return s
	}
	u.hash.Sum(s.of[:0])
	s.known = true
	return s
}

// leave closes a file that is not finished, for another connection to go on with, if
// that can be.
func (u *upload) leave() {
	if u.to != nil {
		return
	}
	if u.have == 0 || !u.named {
		u.drop()
		return
	}
	u.file.Close()
}

// drop removes a file that is not finished.
func (u *upload) drop() {
	if u.to != nil {
		return
	}
	u.store.last.Remove(u.temp) // we have its lock: nobody else has it open
	u.file.Close()
}

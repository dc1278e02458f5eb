package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// eachFile calls do for each regular file of a directory. What vanishes meanwhile is
// no error.
func eachFile(root *os.Root, do func(name string, st fs.FileInfo) error) error {
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var st fs.FileInfo
			if st, err = d.Info(); err == nil {
				err = do(name, st)
			}
		}
		if errors.Is(err, fs.ErrNotExist) && name != "." {
			return nil
		}
		return err
	})
}

// Held is how many bytes the files of a directory have, but for those that somebody is
// receiving at this moment.
func Held(root *os.Root) (total int64, err error) {
	err = eachFile(root, func(name string, st fs.FileInfo) error {
		if isUnfinished(name) && inUse(root, name) {
			return nil
		}
		total += st.Size()
		return nil
	})
	return total, err
}

// Sweep removes the unfinished files that nobody is receiving, and that were written to
// longer ago than keep. It returns their names.
func Sweep(root *os.Root, keep time.Duration) (removed []string, err error) {
	before := time.Now().Add(-keep)
	err = eachFile(root, func(name string, st fs.FileInfo) error {
		if !isUnfinished(name) || st.ModTime().After(before) || inUse(root, name) {
			return nil
		}
		err := root.Remove(name)
		if err == nil {
			removed = append(removed, name)
		}
		return err
	})
	return removed, err
}

// isUnfinished reports whether tempName makes such names.
func isUnfinished(name string) bool {
	name, has := strings.CutSuffix(path.Base(name), partSuffix)
	parts := strings.Split(name, ".")
	if n := len(parts) - 1; n > 1 && isHex(parts[n], 1, 8) && isHex(parts[n-1], 16, 16) {
		parts = parts[:n] // the number of one among several
	}
	n := len(parts) - 1
	return has && n > 0 && isHex(parts[n], 16, 16)
}

func isHex(text string, least, most int) bool {
	return least <= len(text) && len(text) <= most && strings.Trim(text, "0123456789abcdef") == ""
}

// inUse reports whether somebody is receiving a file.
func inUse(root *os.Root, name string) bool {
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return locks && !lock(f)
}

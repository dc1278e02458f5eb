package supervise

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidFile is the file that --pid-file names. It is opened early, while we may,
// and filled when the server is ready. The zero value is none.
type pidFile struct {
	f    *os.File
	path string
}

// maxPIDFile is more than a pid file has, in bytes.
const maxPIDFile = 32

// openPIDFile makes the file, empty, or opens the one that is there. An older image
// may have handed us the one that it has open: where we may not open it ourselves,
// we can fill that. inherited is ours from here on.
func openPIDFile(path string, inherited *os.File) (pidFile, error) {
	if inherited != nil {
		if p := (pidFile{inherited, path}); path != "" && p.inPlace() {
			return p, nil
		}
		inherited.Close()
	}
	if path == "" {
		return pidFile{}, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return pidFile{}, fmt.Errorf("open pid file: %w", err)
	}
	p := pidFile{f, path}
	if !p.inPlace() { // a link, perhaps somebody else's idea of what we overwrite
		f.Close()
		return pidFile{}, fmt.Errorf("open pid file %q: is not a file of that name", path)
	}
	return p, nil
}

// fill writes our pid and a newline. A reader sees the old pid, or ours: another
// file takes the place of this one. Where we may not do that, as after --user, we
// overwrite it, and what is left of a longer pid becomes empty lines until it is
// cut off.
func (p *pidFile) fill() error {
	if p.f == nil {
		return nil
	}
	text := strconv.Itoa(os.Getpid()) + "\n"
	if p.replace(text) == nil {
		return nil
	}
	padding := ""
	if info, err := p.f.Stat(); err == nil {
		padding = strings.Repeat("\n", max(int(min(info.Size(), maxPIDFile))-len(text), 0))
	}
	if _, err := p.f.WriteAt([]byte(text+padding), 0); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	if err := p.f.Truncate(int64(len(text))); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	return nil
}

// replace puts a file with this text in the place of the one that is open, if that
// belongs to us: a pid file that root has made stays root's.
func (p *pidFile) replace(text string) error {
	info, err := p.f.Stat()
	if err != nil || !p.inPlace() || !isOurs(info) {
		return os.ErrPermission
	}
	f, err := os.CreateTemp(filepath.Dir(p.path), "."+filepath.Base(p.path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(info.Mode()), os.Rename(f.Name(), p.path))
	f.Close()
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	if f, err = os.OpenFile(p.path, os.O_RDWR, 0); err != nil {
		return err
	}
	p.f.Close()
	p.f = f
	return nil
}

// remove deletes the file, unless it is another process's by now. Where we may
// not delete it any more, it is emptied.
func (p *pidFile) remove() {
	if p.f == nil {
		return
	}
	defer p.f.Close()
	text, err := io.ReadAll(io.NewSectionReader(p.f, 0, maxPIDFile))
	owner := strings.TrimSpace(string(text))
	if err != nil || (owner != "" && owner != strconv.Itoa(os.Getpid())) || !p.inPlace() {
		return
	}
	if os.Remove(p.path) != nil {
		p.f.Truncate(0)
	}
}

// inPlace reports whether the path still is the file that we have open.
func (p *pidFile) inPlace() bool {
	ours, err := p.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(p.path)
	return err == nil && ours.Mode().IsRegular() && os.SameFile(ours, there)
}

package supervise

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// pidFile is the file that --pid-file names. It is opened early, while we may,
// and filled when the server is ready. The zero value is none.
type pidFile struct{ f *os.File }

// openPIDFile makes the file, empty, or opens the one that an older image has
// filled. It will belong to u, so that a successor can fill it.
func openPIDFile(path string, u *Identity) (pidFile, error) {
	if path == "" {
		return pidFile{}, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return pidFile{}, fmt.Errorf("open pid file: %w", err)
	}
	p := pidFile{f}
	if !p.inPlace() { // a link, perhaps somebody else's idea of what we overwrite
		f.Close()
		return pidFile{}, fmt.Errorf("open pid file %q: is not a file of that name", path)
	}
	if u != nil {
		if err := f.Chown(u.uid, u.gid); err != nil {
			f.Close()
			return pidFile{}, fmt.Errorf("open pid file: %w", err)
		}
	}
	return p, nil
}

// fill writes our pid and a newline. A reader sees the old pid, or ours.
func (p *pidFile) fill() error {
	if p.f == nil {
		return nil
	}
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := p.f.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	if err := p.f.Truncate(int64(len(text))); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	return nil
}

// remove deletes the file, unless it is another process's by now. Where we may
// not delete it any more, it is emptied.
func (p *pidFile) remove() {
	if p.f == nil {
		return
	}
	defer p.f.Close()
	text, err := io.ReadAll(io.NewSectionReader(p.f, 0, 32))
	owner := strings.TrimSpace(string(text))
	if err != nil || (owner != "" && owner != strconv.Itoa(os.Getpid())) || !p.inPlace() {
		return
	}
	if os.Remove(p.f.Name()) != nil {
		p.f.Truncate(0)
	}
}

// inPlace reports whether the path still is the file that we have open.
func (p *pidFile) inPlace() bool {
	ours, err := p.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(p.f.Name())
	return err == nil && ours.Mode().IsRegular() && os.SameFile(ours, there)
}

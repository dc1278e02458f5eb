// Package program finds the programs that command lines name, and becomes them.
package program

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"nettool/internal/exit"
)

// defaultPath is where programs are looked up when there is no PATH at all.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// Find looks a program up as execvp(3) does: a name with a slash is its path,
// another is searched for in PATH, in which "." counts if it is there. The error
// carries exit.NotFound or exit.NotExecutable.
func Find(name string) (string, error) {
	path, err := lookUp(name)
	if err == nil || errors.Is(err, exec.ErrDot) {
		return path, nil
	}
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err // its own text repeats the name
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return "", exit.Errorf(exit.NotFound, "program %q: not found", name)
	}
	return "", exit.Errorf(exit.NotExecutable, "program %q: %w", name, err)
}

func lookUp(name string) (string, error) {
	_, set := os.LookupEnv("PATH")
	if set || runtime.GOOS == "windows" || strings.Contains(name, "/") {
		return exec.LookPath(name)
	}
	err := error(&exec.Error{Name: name, Err: exec.ErrNotFound})
	for _, dir := range filepath.SplitList(defaultPath) {
		path, failure := exec.LookPath(filepath.Join(dir, name))
		if failure == nil {
			return path, nil
		}
		if errors.Is(failure, fs.ErrPermission) {
			err = failure
		}
	}
	return "", err
}

package probe

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"

	"nettool/internal/exit"
)

// findProgram looks a command up before anything is waited for. No command
// line is no error.
func findProgram(line []string) (path string, err error) {
	if line == nil {
		return "", nil
	}
	if len(line) == 0 {
		return "", exit.Errorf(exit.Usage, "no command after --")
	}
	path, err = exec.LookPath(line[0])
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return path, nil
	case errors.Is(err, fs.ErrPermission) || strings.Contains(line[0], "/") && !errors.Is(err, fs.ErrNotExist):
		return "", exit.Errorf(exit.NotExecutable, "command %q: not executable", line[0])
	}
	return "", exit.Errorf(exit.NotFound, "command %q: not found", line[0])
}

//go:build unix

package probe

import (
	"os"
	"syscall"

	"nettool/internal/exit"
)

// becomeProgram replaces this process. It returns only when it cannot.
func becomeProgram(path string, line []string) error {
	err := syscall.Exec(path, line, os.Environ())
	return exit.Errorf(exit.NotExecutable, "run %q: %w", line[0], err)
}

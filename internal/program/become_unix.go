//go:build unix

package program

import (
	"syscall"

	"nettool/internal/exit"
)

// Become replaces this process by the program at path, which Find has found.
// line is its command line, its own name included. It returns only when it fails.
func Become(path string, line, environ []string) error {
	err := syscall.Exec(path, line, environ)
	return exit.Errorf(exit.NotExecutable, "run %q: %w", line[0], err)
}

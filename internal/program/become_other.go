//go:build !unix

package program

import (
	"errors"
	"os"
	"os/exec"

	"nettool/internal/exit"
)

// Become runs the program at path, which Find has found, and ends as it does:
// this system cannot replace a process. line is its command line, its own name
// included.
func Become(path string, line, environ []string) error {
	cmd := exec.Command(path)
	cmd.Args, cmd.Env = line, environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Status(exit.Code(ended.ExitCode()))
	}
	if err != nil {
		return exit.Errorf(exit.NotExecutable, "run %q: %w", line[0], err)
	}
	return nil
}

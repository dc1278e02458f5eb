//go:build !unix

package probe

import (
	"errors"
	"os"
	"os/exec"

	"nettool/internal/exit"
)

// becomeProgram runs the command and ends as it does: this system cannot replace
// a process.
func becomeProgram(path string, line []string) error {
	cmd := exec.Command(path)
	cmd.Args = line
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

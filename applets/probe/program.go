package probe

import (
	"nettool/internal/exit"
	"nettool/internal/program"
)

// findCommand looks a command up before anything is waited for. No command
// line is no error.
func findCommand(line []string) (path string, err error) {
	if line == nil {
		return "", nil
	}
	if len(line) == 0 {
		return "", exit.Errorf(exit.Usage, "no command after --")
	}
	return program.Find(line[0])
}

package child

import (
	"nettool/internal/exit"
	"nettool/internal/handoff"
)

// Started reports whether this process was started by serve: argv is exactly
// {"nettool", "child"}. The mark stands in argv and not in the environment, so
// that it cannot leak to grandchildren.
func Started(args []string) bool {
	return len(args) == 2 && args[0] == "nettool" && args[1] == "child"
}

// codeOf is the exit code of a handler that ended for reason.
func codeOf(reason handoff.Reason) exit.Code {
	switch {
	case reason == handoff.Reset:
		return exit.Broken
	case reason.Timer():
		return exit.TimedOut
	case reason == handoff.Error:
		return exit.Local
	}
	return exit.OK
}

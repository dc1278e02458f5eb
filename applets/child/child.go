package child

import (
	"sync/atomic"

	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
)

// Started reports whether this process was started by serve: argv is exactly
// {"nettool", "child"}. The mark stands in argv and not in the environment, so
// that it cannot leak to grandchildren.
func Started(args []string) bool {
	return len(args) == 2 && args[0] == "nettool" && args[1] == "child"
}

// session runs a handler on a connection and says how it ended.
func session(run handler.Func, c handler.Conn, quitOn string, in, out *atomic.Int64, to *handler.Forward) (handoff.Reason, string) {
	return handler.ReasonOf(run(&handler.Session{Conn: c, QuitOn: quitOn, In: in, Out: out, Forward: to}))
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

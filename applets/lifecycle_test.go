package applets_test

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// lifecycleCommands are the script commands of the tests of serve's lifecycle,
// logs and metrics.
func lifecycleCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"readport": cmdReadPort,
	}
}

// cmdReadPort sets $VAR to the first word of a file: readport FILE VAR.
func cmdReadPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readport FILE VAR")
	}
	words := strings.Fields(ts.ReadFile(args[0]))
	if len(words) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	ts.Setenv(args[1], words[0])
}

var _ = os.Getpid

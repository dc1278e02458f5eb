package applets_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/applets"
	"nettool/applets/child"
)

// TestMain lets the test binary be nettool itself: testscript runs it by the
// names below, and serve re-executes it with argv {"nettool", "child"}.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"nettool": nettool, "tcpserve": nettool, "tcpconnect": nettool, "tcpprobe": nettool,
		"notifysocket": notifySocket,
	})
}

// nettool is main's body.
func nettool() {
	if child.Started(os.Args) {
		os.Exit(child.Main())
	}
	os.Exit(applets.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// TestScripts runs every behaviour under testdata/script, in parallel.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds:                commands(),
		Condition:           condition,
	})
}

package applets_test

import (
	"os"
	"path/filepath"
	"strings"
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
	testscript.Run(t, params("", "testdata/script"))
}

// params are how scripts run: those of a folder, or those of all models.
func params(m model, dir string, files ...string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		Files:               files,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               m.setup,
		Cmds:                commands(),
		Condition:           m.condition,
	}
}

// TestScriptsHaveNoStop finds lines after which testscript passes a script
// without looking at the rest of it: "stop" is its own word, and not a server's
// end, which is "halt".
func TestScriptsHaveNoStop(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word, _, _ := strings.Cut(line, " "); word == "stop" {
				t.Errorf("%s line %d ends the script: %s", script, i+1, line)
			}
		}
	}
}

package applets_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// model is a way in which serve runs connections. It is empty in scripts that
// choose one by themselves.
type model string

// models are all there are. Of the portable parts of serve, the scripts show
// threads; unit tests show programs, whose bytes are not counted there.
var models = []model{"pool", "program", "in-process"}

// TestModels runs every script under testdata/models once in each model, as
// NAME/pool, NAME/program and NAME/in-process: what serve promises, it promises in
// all of them.
func TestModels(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/models/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			t.Parallel()
			for _, m := range models {
				if portable && m != "in-process" {
					continue
				}
				t.Run(string(m), func(t *testing.T) {
					testscript.RunT(oneScript{t}, params(m, "", script))
				})
			}
		})
	}
}

// oneScript has testscript run a script as the test itself, not as one below it.
type oneScript struct{ *testing.T }

func (t oneScript) Run(_ string, run func(testscript.T)) { run(t) }

func (t oneScript) Verbose() bool { return testing.Verbose() }

// setup tells a script its model. $END is the reason of the end of a connection
// that has come to its end by itself: a built-in says what it has seen, of a
// program it is known that it is over.
func (m model) setup(env *testscript.Env) error {
	end := "eof"
	if m == "program" {
		end = "exit"
	}
	env.Setenv("MODEL", string(m))
	env.Setenv("END", end)
	return setup(env)
}

// handler is the end of a command line of serve: a built-in, or a program that
// does the same.
func (m model) handler(name string) []string {
	switch {
	case m == "pool":
		return []string{"--handler", name}
	case m == "in-process":
		return []string{"--in-process", "--handler", name}
	case name == "chargen":
		return []string{"yes"}
	case name == "discard":
		return []string{"sh", "-c", "exec cat >/dev/null"}
	}
	return []string{"cat"}
}

// cmdServe starts a server in the script's model, with -v, on a port of its own;
// $NAME_ADDR and $NAME_PORT say where:
//
//	serve NAME [echo|chargen|discard|forward|receive|send] [FLAG…] [-- PROGRAM [ARG…]]
//
// PROGRAM takes the place of the built-in in the model program.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	m := model(ts.Getenv("MODEL"))
	if neg || m == "" || len(args) < 1 {
		ts.Fatalf("usage, in scripts of all models: serve NAME [echo|chargen|discard] [FLAG…] [-- PROGRAM [ARG…]]")
	}
	name, flags, program, builtin := args[0], args[1:], []string(nil), "echo"
	if i := slices.Index(flags, "--"); i >= 0 {
		flags, program = flags[:i], flags[i:]
	}
	if len(flags) > 0 && !strings.HasPrefix(flags[0], "-") {
		builtin, flags = flags[0], flags[1:]
	}
	if m != "program" || program == nil {
		program = m.handler(builtin)
	}
	line := slices.Concat([]string{"tcpserve", "--ready-fd", "3", "-v", "127.0.0.1:0"}, flags, program)
	start(ts, name, line, true)
}

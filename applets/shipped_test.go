package applets_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// names are those that a script calls us by.
var names = []string{"nettool", "tcpserve", "tcpconnect", "tcpprobe"}

// suite is the tests, and what they have built.
type suite struct{ *testing.M }

func (s suite) Run() int {
	defer os.RemoveAll(filepath.Dir(shippedDir))
	return s.M.Run()
}

// shippedDir is where shipped builds: below one that everybody may enter, and of this
// process alone.
var shippedDir = filepath.Join(os.TempDir(), fmt.Sprintf("nettool-shipped-%d", os.Getpid()), "bin")

// shipped is a directory with the program as it ships, built once as scripts/install.sh
// does, under its names. It starts in a fraction of the time that this binary takes with
// its race detector.
var shipped = sync.OnceValues(func() (dir string, err error) {
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(shippedDir, names[0]), ".")
	build.Dir = ".."
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	if err := links(shippedDir, names[0], names[1:]); err != nil {
		return "", err
	}
	return shippedDir, nil
})

// links makes a directory in which a program has names. They may be there already.
func links(dir, program string, names []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// shippedNames is that directory.
func shippedNames(t *testing.T) string {
	t.Helper()
	dir, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// hand gives a script the programs that it uses and does not test, as they ship: those of
// serve's are what talks to it. What a script tests has the race detector.
func hand(env *testscript.Env) error {
	others := helpers(strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"), env.Getenv("MODEL"))
	if !raceEnabled || len(others) == 0 {
		return nil
	}
	dir, err := shipped()
	if err != nil {
		return err
	}
	own := filepath.Join(filepath.Dir(dir), strings.Join(others, "-"))
	if err := links(own, filepath.Join(dir, names[0]), others); err != nil {
		return err
	}
	env.Setenv("PATH", own+string(filepath.ListSeparator)+env.Getenv("PATH"))
	return nil
}

// helpers are the names that a script does not test: its own name begins with what it does.
func helpers(script, model string) []string {
	tested, _, _ := strings.Cut(script, "_")
	switch {
	case model != "" || tested == "serve" || tested == "child":
		return []string{"tcpconnect", "tcpprobe"}
	case tested == "connect":
		return []string{"tcpserve", "tcpprobe"}
	case tested == "probe":
		return []string{"tcpserve", "tcpconnect"}
	case tested == "nettool":
		return nil
	}
	return names[1:] // compat's are called as "nettool NAME"
}

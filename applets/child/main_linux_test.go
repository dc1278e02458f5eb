package child_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"nettool/applets/child"
)

// TestMain lets the test binary be the child, as the product is, and a parent
// that another test kills.
func TestMain(m *testing.M) {
	if child.Started(os.Args) {
		os.Exit(child.Main())
	}
	if len(os.Args) == 2 && os.Args[1] == "doomed-parent" {
		doomedParent()
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if product.dir != "" {
			os.RemoveAll(product.dir)
		}
		os.Exit(code)
	}))
}

// product is the production binary, built once.
var product struct {
	once sync.Once
	dir  string
	err  error
}

// buildOnce makes the production binary.
func buildOnce(t *testing.T) (binary string) {
	t.Helper()
	product.once.Do(func() {
		if product.dir, product.err = os.MkdirTemp("", "nettool"); product.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-trimpath", "-o", product.dir, "nettool")
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			product.err = errors.Join(err, fmt.Errorf("%s", out))
		}
		syscall.Sync() // pages of a file just written count as dirty memory of who maps it
	})
	if product.err != nil {
		t.Fatal(product.err)
	}
	return filepath.Join(product.dir, "nettool")
}

func TestStarted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want bool
	}{
		{[]string{"nettool", "child"}, true},
		{[]string{"nettool", "child", "echo"}, false},
		{[]string{"nettool"}, false},
		{[]string{"/usr/bin/nettool", "child"}, false},
		{[]string{"child", "nettool"}, false},
		{[]string{"nettool", "Child"}, false},
		{nil, false},
	} {
		if got := child.Started(test.args); got != test.want {
			t.Errorf("Started(%q) is %v", test.args, got)
		}
	}
}

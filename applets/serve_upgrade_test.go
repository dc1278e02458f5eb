package applets_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// upgradeCommands are the script commands of the tests of SIGUSR2.
func upgradeCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"publicdir":   cmdPublicDir,
		"upgradeload": cmdUpgradeLoad,
	}
}

// cmdPublicDir sets $VAR to a new folder that every user may enter and write to:
// publicdir VAR.
func cmdPublicDir(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: publicdir VAR")
	}
	dir, err := os.MkdirTemp("/tmp", "nettool-test-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Check(os.Chmod(dir, 0o777))
	ts.Setenv(args[0], dir)
}

// cmdUpgradeLoad has 8 clients make N connections to an echo server, one after
// another, while the server is upgraded again and again, which must have
// happened UPGRADES times at least: upgradeload N ADDRESS PIDFILE UPGRADES. No
// connection may fail.
func cmdUpgradeLoad(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: upgradeload N ADDRESS PIDFILE UPGRADES")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	least, err := strconv.Atoi(args[3])
	ts.Check(err)
	var next, upgrades atomic.Int64
	failures := make(chan error, 8)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for i := next.Add(1); int(i) <= n || int(upgrades.Load()) < least; i = next.Add(1) {
				if err := echoOnce(args[1], int(i), 1000); err != nil {
					failures <- fmt.Errorf("connection %d: %w", i, err)
					return
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		clients.Wait()
		close(over)
	}()
	for done := false; !done; {
		select {
		case <-over:
			done = true
		default:
			if upgradeOnce(ts, ts.MkAbs(args[2])) {
				upgrades.Add(1)
			}
		}
	}
	if len(failures) > 0 {
		ts.Fatalf("%v (%d upgrades)", <-failures, upgrades.Load())
	}
	ts.Logf("%d connections, %d upgrades", next.Load()-8, upgrades.Load())
}

// upgradeOnce upgrades the server and waits until the old image is gone. A
// server that has not seen yet that its predecessor is gone refuses, and is
// asked again.
func upgradeOnce(ts *testscript.TestScript, pidFile string) bool {
	old := pidIn(ts, pidFile)
	var asked time.Time
	for late := time.Now().Add(patience); pidIn(ts, pidFile) == old; {
		if time.Since(asked) > 500*time.Millisecond {
			asked = time.Now()
			ts.Check(syscall.Kill(old, syscall.SIGUSR2))
		}
		if time.Now().After(late) {
			ts.Fatalf("no successor of %d", old)
		}
		time.Sleep(time.Millisecond) // a file has no event that all systems tell of
	}
	awaitEnd(ts, old)
	return true
}

func pidIn(ts *testscript.TestScript, file string) int {
	text, err := os.ReadFile(file)
	ts.Check(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	ts.Check(err)
	return pid
}

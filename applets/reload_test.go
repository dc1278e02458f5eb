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

	"nettool/internal/zoo"
)

// cmdReloading has clients at two sources knock while a server's rules file
// changes between two versions: the first source is always let in and the second
// one never: reloading NAME FILE VERSION VERSION SOURCE SOURCE.
func cmdReloading(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 6 {
		ts.Fatalf("usage: reloading NAME FILE VERSION VERSION SOURCE SOURCE")
	}
	addr := ts.Getenv(args[0] + "_ADDR")
	stop := make(chan struct{})
	failures := make(chan error, 2)
	var knocking sync.WaitGroup
	for i, source := range args[4:] {
		knocking.Go(func() { knockUntil(stop, source, addr, i == 0, failures) })
	}
	for i := range 40 {
		text := ts.ReadFile(args[2+i%2])
		ts.Check(os.WriteFile(ts.MkAbs(args[1]+".new"), []byte(text), 0o644))
		ts.Check(os.Rename(ts.MkAbs(args[1]+".new"), ts.MkAbs(args[1])))
		cmdSignal(ts, false, []string{args[0], "HUP"})
		cmdWaitlog(ts, false, []string{args[0], `: reload `, strconv.Itoa(i + 1)})
	}
	close(stop)
	knocking.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v", err)
	}
}

// knockUntil knocks from source until stop is closed, or until it is not let in
// as it should be.
func knockUntil(stop <-chan struct{}, source, addr string, want bool, failures chan<- error) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if in, err := answered(source, addr); err != nil || in != want {
			failures <- fmt.Errorf("%s: let in is %v, %v", source, in, err)
			return
		}
	}
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
				if err := zoo.Echo(args[1], int(i), 1000); err != nil {
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
			upgradeOnce(ts, ts.MkAbs(args[2]))
			upgrades.Add(1)
		}
	}
	if len(failures) > 0 {
		ts.Fatalf("%v (%d upgrades)", <-failures, upgrades.Load())
	}
	ts.Logf("%d connections, %d upgrades", next.Load()-8, upgrades.Load())
}

// cmdUpgrade replaces a server by its next image, and waits until the old one is
// gone: upgrade PIDFILE.
func cmdUpgrade(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: upgrade PIDFILE")
	}
	upgradeOnce(ts, ts.MkAbs(args[0]))
}

// upgradeOnce upgrades the server and waits until the old image is gone. A
// server that has not seen yet that its predecessor is gone refuses, and is
// asked again.
func upgradeOnce(ts *testscript.TestScript, pidFile string) {
	old := pidIn(ts, pidFile)
	var asked time.Time
	for late := time.Now().Add(patience); pidIn(ts, pidFile) == old; {
		if time.Since(asked) > 500*time.Millisecond {
			asked = time.Now()
			if err := syscall.Kill(old, syscall.SIGUSR2); err != syscall.ESRCH { // it may have left just now
				ts.Check(err)
			}
		}
		if time.Now().After(late) {
			ts.Fatalf("no successor of %d", old)
		}
		time.Sleep(time.Millisecond) // a file has no event that all systems tell of
	}
	awaitEnd(ts, old)
}

func pidIn(ts *testscript.TestScript, file string) int {
	text, err := os.ReadFile(file)
	ts.Check(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	ts.Check(err)
	return pid
}

package applets_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/internal/zoo"
)

// patience bounds every wait of the harness. It is a safety net: tests wait for
// events, and fail when one does not come.
const patience = time.Minute

// silence is how long a log must not grow before it is said that a line will not
// come. Nothing that scripts wait for in a log is that far from the line before.
const silence = 20 * time.Second

// scriptCmd is a command of the script language.
type scriptCmd = func(ts *testscript.TestScript, neg bool, args []string)

// lagging makes the verbs of a script come late, each by a random time of up to
// $NETTOOL_LAG: what a busy machine does now and then, and what finds the scripts that
// race with a timer (scripts/trial/stress.sh lag).
func lagging(verbs map[string]scriptCmd) map[string]scriptCmd {
	most, err := time.ParseDuration(os.Getenv("NETTOOL_LAG"))
	if err != nil || most <= 0 {
		return verbs
	}
	for name, verb := range verbs {
		verbs[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			time.Sleep(rand.N(most))
			verb(ts, neg, args)
		}
	}
	return verbs
}

// condition answers [tool:NAME] (is a program installed?), [cap:NUMBER] (do the tests
// have that capability?), [root], and in the scripts of all models the name of the
// model.
func (m model) condition(cond string) (bool, error) {
	if name, ok := strings.CutPrefix(cond, "tool:"); ok {
		if takesLong(name) && os.Getenv("NETTOOL_PEERS") == "" {
			return false, nil
		}
		_, err := exec.LookPath(name)
		if err != nil && os.Getenv("CI") == "true" {
			return false, fmt.Errorf("%s is missing, and CI tests need it", name)
		}
		return err == nil, nil
	}
	if number, ok := strings.CutPrefix(cond, "cap:"); ok {
		return capable(number)
	}
	switch cond {
	case "root":
		return os.Geteuid() == 0, nil
	case "portable":
		return portable, nil
	}
	if m != "" && slices.Contains(models, model(cond)) {
		return m == model(cond), nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// takesLong reports whether a program is one of those that take long, and beside which the
// check does not stand: scripts/peers.sh does.
func takesLong(tool string) bool {
	switch tool {
	case "prometheus", "promtool", "nginx", "haproxy", "redis-server", "snmpd", "telnetd", "microsocks", "tinyproxy", "fping", "mailfront", "axfrdns", "s6-supervise", "bwrap":
		return true
	}
	return false
}

// capable reports whether this process has a capability: of Linux, capabilities(7).
func capable(number string) (bool, error) {
	bit, err := strconv.Atoi(number)
	if err != nil {
		return false, err
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, set, _ := strings.Cut(string(status), "CapEff:\t")
	set, _, _ = strings.Cut(set, "\n")
	has, err := strconv.ParseUint(set, 16, 64)
	return err == nil && has>>bit&1 == 1, nil
}

// scene is what a script has around it, each by its name.
type scene struct {
	processes *processes
	dials     map[string]net.Conn
	peers     map[string]*zoo.Peer
	targets   map[string]*zoo.Target
	ports     map[string]*reserved
}

type sceneKey struct{}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

// catchIgnored gives what the scripts start its signals as they are by default: nohup(1),
// or a shell's &, may have started the tests.
var catchIgnored = sync.OnceFunc(func() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
})

// raceOptions makes processes under the race detector cheap: without them each takes a
// second to end, and touches 13 MB in pages of 4 KiB where the kernel has larger ones.
const raceOptions = "atexit_sleep_ms=0 no_huge_pages_for_shadow=0"

// setup gives a script its scene and its environment, and ends what it has started
// with it. When the script has failed, what its processes have said last is shown.
func setup(env *testscript.Env) error {
	catchIgnored()
	ps := &processes{named: map[string]*process{}}
	env.Values[sceneKey{}] = &scene{ps, map[string]net.Conn{}, map[string]*zoo.Peer{}, map[string]*zoo.Target{}, map[string]*reserved{}}
	env.Setenv("CI", os.Getenv("CI"))
	env.Setenv("GORACE", raceOptions+" "+os.Getenv("GORACE"))
	env.Defer(func() {
		if env.T().(interface{ Failed() bool }).Failed() {
			for name, p := range ps.named {
				lines := strings.SplitAfter(p.text(), "\n")
				env.T().Log("last lines of "+name+":\n", strings.Join(lines[max(0, len(lines)-20):], ""))
			}
		}
		ps.end()
	})
	return hand(env)
}

// unquote turns a script word into bytes: \n, \r and \xNN mean what they mean
// in Go.
func unquote(ts *testscript.TestScript, word string) []byte {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(word, `"`, `\"`) + `"`)
	ts.Check(err)
	return []byte(s)
}

// cmdPause lets a time pass that is the point of the test, as in "not cut after
// so long": pause DUR.
func cmdPause(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pause DUR")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

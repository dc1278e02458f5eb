package applets_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// probeCommands are the script commands of the tests of probe.
func probeCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"target":    cmdTarget,
		"open":      cmdOpen,
		"shut":      cmdShut,
		"accepted":  cmdAccepted,
		"synsent":   cmdSynSent,
		"awaitfile": cmdAwaitFile,
		"validjson": cmdValidJSON,
		"terminal":  cmdTerminal,
	}
}

// cmdTarget starts a server that misbehaves in a way of its own:
//
//	target NAME KIND
//
// $NAME_ADDR and $NAME_PORT say where; see serveAs for the kinds.
func cmdTarget(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: target NAME KIND")
	}
	m, err := newMisbehaver(args[1], ts.MkAbs("."), args[0])
	ts.Check(err)
	ts.Defer(m.close)
	ts.Setenv(args[0]+"_ADDR", m.addr)
	if i := strings.LastIndexByte(m.addr, ':'); i >= 0 {
		ts.Setenv(args[0]+"_PORT", m.addr[i+1:])
	}
	misbehavers.Store(misbehaverKey(ts, args[0]), m)
}

// cmdOpen lets a target change its ways: "later" starts to listen, "dropping"
// starts to hold connections, "full" has room for one, "dns" knows its name.
func cmdOpen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: open NAME")
	}
	ts.Check(misbehaverOf(ts, args[0]).open())
}

// cmdShut makes a target stop listening; its connections and its port stay. open
// brings a "later" back.
func cmdShut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shut NAME")
	}
	ts.Check(misbehaverOf(ts, args[0]).shut())
}

// cmdAwaitFile waits until a file that a process writes matches: awaitfile FILE
// REGEXP [COUNT].
func cmdAwaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: awaitfile FILE REGEXP [COUNT]")
	}
	re, count := regexp.MustCompile("(?m)"+args[1]), 1
	if len(args) > 2 {
		count, _ = strconv.Atoi(args[2])
	}
	var text []byte
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		text, _ = os.ReadFile(ts.MkAbs(args[0]))
		if len(re.FindAllIndex(text, count)) >= count {
			return
		}
	}
	ts.Fatalf("no match for %q in:\n%s", args[1], text)
}

// cmdSynSent waits until somebody is trying to connect to a target in vain (proc(5),
// /proc/net/tcp): synsent NAME.
func cmdSynSent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: synsent NAME")
	}
	port, _ := strconv.Atoi(ts.Getenv(args[0] + "_PORT"))
	line := regexp.MustCompile(fmt.Sprintf(`: [0-9A-F]+:[0-9A-F]+ 0100007F:%04X 02 `, port))
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		table, err := os.ReadFile("/proc/net/tcp")
		ts.Check(err)
		if line.Match(table) {
			return
		}
	}
	ts.Fatalf("nobody is connecting to port %d", port)
}

// cmdAccepted waits until a target has accepted MIN connections, and checks that
// they are no more than MAX: accepted NAME MIN MAX.
func cmdAccepted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: accepted NAME MIN MAX")
	}
	low, _ := strconv.Atoi(args[1])
	high, _ := strconv.Atoi(args[2])
	m := misbehaverOf(ts, args[0])
	for late := time.Now().Add(patience); int(m.accepted.Load()) < low && time.Now().Before(late); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := int(m.accepted.Load()); n < low || n > high {
		ts.Fatalf("%s has accepted %d connections, want %d to %d", args[0], n, low, high)
	}
}

func misbehaverKey(ts *testscript.TestScript, name string) string {
	return ts.Getenv("WORK") + "\x00" + name
}

func misbehaverOf(ts *testscript.TestScript, name string) *misbehaver {
	m, ok := misbehavers.Load(misbehaverKey(ts, name))
	if !ok {
		ts.Fatalf("no target %q", name)
	}
	return m.(*misbehaver)
}

// cmdValidJSON checks every line of a file, or of stdout, against the schema
// that the repository keeps, and that there is at least one line.
func cmdValidJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: validjson FILE|stdout")
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
	schema := probeSchema(ts)
	for n, line := range lines {
		var value any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			ts.Fatalf("line %d: %v:\n%s", n+1, err, line)
		}
		if err := schema.check(schema.root, value, "line"); err != nil {
			ts.Fatalf("line %d: %v:\n%s", n+1, err, line)
		}
	}
}

func probeSchema(ts *testscript.TestScript) *jsonSchema {
	text, err := os.ReadFile(filepath.Join(sourceDir, "..", "internal", "probe", "record", "schema.json"))
	ts.Check(err)
	var root map[string]any
	ts.Check(json.Unmarshal(text, &root))
	return &jsonSchema{root}
}

package applets_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// lifecycleCommands are the script commands of the tests of serve's lifecycle,
// logs and metrics.
func lifecycleCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"readport":  cmdReadPort,
		"validlog":  cmdValidLog,
		"allevents": cmdAllEvents,
		"dialfrom":  cmdDialFrom,
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

// serveSchema is the schema of serve's events in JSON.
func serveSchema(ts *testscript.TestScript) *jsonSchema {
	text, err := os.ReadFile(filepath.Join(sourceDir, "..", "internal", "report", "schema.json"))
	ts.Check(err)
	s := &jsonSchema{}
	ts.Check(json.Unmarshal(text, &s.root))
	return s
}

// cmdValidLog checks each line that processes with --log json have written
// against the schema, and that these events are among them:
//
//	validlog NAME [EVENT…]
func cmdValidLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: validlog NAME [EVENT…]")
	}
	schema, seen := serveSchema(ts), map[string]bool{}
	for line := range strings.Lines(lookup(ts, args[0]).text()) {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			ts.Fatalf("%v: %s", err, line)
		}
		event, _ := v["event"].(string)
		branch, ok := schema.root["$defs"].(map[string]any)[event].(map[string]any)
		if !ok {
			ts.Fatalf("the schema has no event %q: %s", event, line)
		}
		if err := schema.check(branch, v, event); err != nil {
			ts.Fatalf("%v: %s", err, line)
		}
		ts.Check(schema.check(schema.root, v, "line"))
		seen[event] = true
	}
	for _, event := range args[1:] {
		if !seen[event] {
			ts.Fatalf("%s has logged no %s:\n%s", args[0], event, lookup(ts, args[0]).text())
		}
	}
	known := strings.Fields(ts.Getenv("EVENTS_SEEN"))
	for event := range seen {
		if !slices.Contains(known, event) {
			known = append(known, event)
		}
	}
	ts.Setenv("EVENTS_SEEN", strings.Join(known, " "))
}

// cmdAllEvents checks that validlog has seen every event of the schema in this
// script.
func cmdAllEvents(ts *testscript.TestScript, neg bool, args []string) {
	known := strings.Fields(ts.Getenv("EVENTS_SEEN"))
	for _, choice := range serveSchema(ts).root["oneOf"].([]any) {
		event := strings.TrimPrefix(choice.(map[string]any)["$ref"].(string), "#/$defs/")
		if !slices.Contains(known, event) {
			ts.Fatalf("the script shows no %s event", event)
		}
	}
}

// cmdDialFrom connects to a unix socket from a socket with a name of its own:
// dialfrom NAME FROM ADDRESS. \xNN in FROM means what it means in Go.
func cmdDialFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: dialfrom NAME FROM ADDRESS")
	}
	from := &net.UnixAddr{Net: "unix", Name: string(unquote(ts, args[1]))}
	to := &net.UnixAddr{Net: "unix", Name: strings.TrimPrefix(args[2], "unix:")}
	c, err := net.DialUnix("unix", from, to)
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	dials(ts)[args[0]] = c
}

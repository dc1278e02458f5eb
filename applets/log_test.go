package applets_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdWaitlog waits until the standard error of NAME matches REGEXP:
//
//	waitlog NAME REGEXP [COUNT]
//
// With !, it asserts that it does not match now.
func cmdWaitlog(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: waitlog NAME REGEXP [COUNT]")
	}
	p, re, count := lookup(ts, args[0]), regexp.MustCompile("(?m)"+args[1]), 1
	if len(args) > 2 {
		count, _ = strconv.Atoi(args[2])
	}
	found := func() bool { return len(re.FindAllIndex(p.log.Bytes(), count)) >= count }
	p.mu.Lock()
	defer p.mu.Unlock()
	if neg {
		if found() {
			ts.Fatalf("unexpected match for %q", args[1])
		}
		return
	}
	for late := time.Now().Add(patience); !found(); {
		if p.closed || !p.grows() || time.Now().After(late) { // a log can grow for ever
			ts.Fatalf("no match for %q", args[1])
		}
	}
}

// rejection is a line of the log about connections that were turned away: one, or
// those that had no line of their own.
var rejection = regexp.MustCompile(`(?m)[ "]rejects?[ "].*\bcause"?[=:]"?([a-z_]+)"?(?:[ ,]"?count"?[=:]([0-9]+))?`)

// cmdWaitrejects waits until as many connections were turned away for a cause:
//
//	waitrejects NAME CAUSE COUNT
//
// More are an error.
func cmdWaitrejects(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waitrejects NAME CAUSE COUNT")
	}
	p := lookup(ts, args[0])
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		got := countRejects(p.log.String(), args[1])
		switch {
		case got == want:
			return
		case got > want, p.closed, !p.grows():
			ts.Fatalf("%d rejects with cause %s, not %d", got, args[1], want)
		}
	}
}

// countRejects adds up the connections that a log says were turned away.
func countRejects(log, cause string) (n int) {
	for _, m := range rejection.FindAllStringSubmatch(log, -1) {
		if m[1] != cause {
			continue
		}
		if more, err := strconv.Atoi(m[2]); err == nil {
			n += more
		} else {
			n++
		}
	}
	return n
}

// grows waits until the log has grown or is closed. p.mu is held.
func (p *process) grows() bool {
	before := p.log.Len()
	late := false
	timer := time.AfterFunc(silence, func() {
		p.mu.Lock()
		late = true
		p.changed.Broadcast()
		p.mu.Unlock()
	})
	defer timer.Stop()
	for p.log.Len() == before && !p.closed && !late {
		p.changed.Wait()
	}
	return p.log.Len() > before || p.closed
}

// cmdLogged copies what a process has written to standard error so far to a
// file: logged NAME FILE.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logged NAME FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lookup(ts, args[0]).text()), 0o644))
}

// cmdStall stops reading a process's standard error: stall NAME.
func cmdStall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stall NAME")
	}
	lookup(ts, args[0]).stalled.Lock()
}

// cmdUnstall reads it again: unstall NAME.
func cmdUnstall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unstall NAME")
	}
	lookup(ts, args[0]).stalled.Unlock()
}

// cmdListens waits for the listening event of a server that start does not know
// as one, since it runs below another program, and sets $NAME_ADDR to all its
// addresses and $NAME_TCP to the first one: listens NAME.
func cmdListens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listens NAME")
	}
	line := `listening local=(\S+)|"event":"listening".*"local":"([^"]+)`
	cmdWaitlog(ts, false, []string{args[0], line})
	m := regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())
	addrs := m[1] + m[2]
	ts.Setenv(args[0]+"_ADDR", addrs)
	first, _, _ := strings.Cut(addrs, ",")
	ts.Setenv(args[0]+"_TCP", first)
}

// cmdAdminOf sets $NAME_ADMIN and $NAME_ADMINPORT to where a server answers
// questions: adminof NAME.
func cmdAdminOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: adminof NAME")
	}
	line := ` admin=([^ ,\n]+)|"admin":"([^",]+)`
	cmdWaitlog(ts, false, []string{args[0], line})
	m := regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())
	ts.Setenv(args[0]+"_ADMIN", m[1]+m[2])
	if _, port, err := net.SplitHostPort(m[1] + m[2]); err == nil {
		ts.Setenv(args[0]+"_ADMINPORT", port)
	}
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

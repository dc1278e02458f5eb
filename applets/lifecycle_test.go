package applets_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// lifecycleCommands are the script commands of the tests of serve's lifecycle,
// logs and metrics.
func lifecycleCommands() map[string]scriptCmd {
	all := map[string]scriptCmd{
		"readport":  cmdReadPort,
		"validlog":  cmdValidLog,
		"allevents": cmdAllEvents,
		"dialunix":  cmdDialUnix,
		"shipped":   cmdShipped,
		"listens":   cmdListens,
	}
	maps.Copy(all, adminCommands())
	maps.Copy(all, metricsCommands())
	maps.Copy(all, upgradeCommands())
	return all
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

// cmdDialUnix connects to a unix socket from a socket with a name of its own:
// dialunix NAME FROM ADDRESS. \xNN in FROM means what it means in Go.
func cmdDialUnix(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: dialunix NAME FROM ADDRESS")
	}
	from := &net.UnixAddr{Net: "unix", Name: string(unquote(ts, args[1]))}
	to := &net.UnixAddr{Net: "unix", Name: strings.TrimPrefix(args[2], "unix:")}
	c, err := net.DialUnix("unix", from, to)
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	dials(ts)[args[0]] = c
}

// cmdShipped copies a file that is shipped under scripts/: shipped FILE TO.
func cmdShipped(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shipped FILE TO")
	}
	from := filepath.Join(sourceDir, "..", "scripts", args[0])
	info, err := os.Stat(from)
	ts.Check(err)
	text, err := os.ReadFile(from)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, info.Mode()))
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

// notifySocket is a program: a service manager's NOTIFY_SOCKET (sd_notify(3)) at
// the path it is given. It writes each message as a line, with the pid that sent it.
func notifySocket() {
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: os.Args[1]})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	raw, _ := l.SyscallConn()
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	fmt.Fprintln(os.Stderr, "listening")
	message, control := make([]byte, 4096), make([]byte, 256)
	for {
		n, c, _, _, err := l.ReadMsgUnix(message, control)
		if err != nil {
			os.Exit(1)
		}
		pid := int32(0)
		if parts, err := unix.ParseSocketControlMessage(control[:c]); err == nil && len(parts) > 0 {
			if cred, err := unix.ParseUnixCredentials(&parts[0]); err == nil {
				pid = cred.Pid
			}
		}
		fmt.Fprintf(os.Stderr, "pid %d: %s\n", pid, strings.ReplaceAll(strings.TrimSpace(string(message[:n])), "\n", " "))
	}
}

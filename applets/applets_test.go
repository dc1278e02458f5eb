package applets_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"nettool/applets"
	"nettool/applets/child"
)

// TestMain lets the test binary be nettool itself: testscript runs it by the
// names below, and serve re-executes it with argv {"nettool", "child"}.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){
		"nettool": nettool, "tcpserve": nettool, "tcpconnect": nettool, "tcpprobe": nettool,
		"notifysocket": notifySocket,
	})
}

// nettool is main's body.
func nettool() {
	if child.Started(os.Args) {
		os.Exit(child.Main())
	}
	os.Exit(applets.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
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

// TestScripts runs every behaviour under testdata/script, in parallel.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, params("", "testdata/script"))
}

// params are how scripts run: those of a folder, or those of all models.
func params(m model, dir string, files ...string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		Files:               files,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               m.setup,
		Cmds:                lagging(commands()),
		Condition:           m.condition,
	}
}

// TestScriptsHaveNoStop finds lines after which testscript passes a script
// without looking at the rest of it: "stop" is its own word, and not a server's
// end, which is "halt".
func TestScriptsHaveNoStop(t *testing.T) {
	t.Parallel()
	for _, script := range scripts(t) {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word, _, _ := strings.Cut(line, " "); word == "stop" {
				t.Errorf("%s line %d ends the script: %s", script, i+1, line)
			}
		}
	}
}

// scripts are the paths of all scripts.
func scripts(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return all
}

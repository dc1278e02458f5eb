package applets_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nettool/internal/exit"
)

// block is one shell block of the README.
type block struct {
	line int
	text string
}

// readme returns the README and its shell blocks.
func readme(t *testing.T) (string, []block) {
	t.Helper()
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllSubmatchIndex(b, -1) {
		blocks = append(blocks, block{bytes.Count(b[:m[0]], []byte("\n")) + 1, string(b[m[2]:m[3]])})
	}
	return string(b), blocks
}

// TestREADMECommands runs every shell block of the README, with a free port in
// place of 7000, and looks for what its comments say it prints. The demo and the
// checks are commands of .ci/run.
func TestREADMECommands(t *testing.T) {
	t.Parallel()
	_, blocks := readme(t)
	bin := linkNames(t)
	for _, b := range blocks {
		t.Run("line"+strconv.Itoa(b.line), func(t *testing.T) {
			t.Parallel()
			switch strings.TrimSpace(b.text) {
			case "sh scripts/demo.sh", "sh scripts/check.sh":
				ranByCI(t, strings.TrimSpace(b.text))
			default:
				runBlock(t, bin, b)
			}
		})
	}
}

// TestREADMEKubernetes runs the three commands that the README has for Kubernetes, as
// that would: the server, and the probes until it is ready, while it drains, and when
// it is gone.
func TestREADMEKubernetes(t *testing.T) {
	t.Parallel()
	text, _ := readme(t)
	var commands [][]string
	ports := strings.NewReplacer("7000", freePort(t), "9000", freePort(t), "/usr/bin/program", "cat", `"5s"`, `"2s"`, `"1s"`, `"30s"`)
	for _, m := range regexp.MustCompile(`(?m)^ +command: (\[.*\])$`).FindAllStringSubmatch(text, -1) {
		var argv []string
		if err := json.Unmarshal([]byte(ports.Replace(m[1])), &argv); err != nil { // YAML's flow style is JSON's
			t.Fatalf("%s: %v", m[1], err)
		}
		commands = append(commands, argv)
	}
	if len(commands) != 3 {
		t.Fatalf("%d commands, want a server and two probes", len(commands))
	}
	bin := linkNames(t)
	command := func(argv []string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, argv[0]), argv[1:]...)
		cmd.Env = append(os.Environ(), "GORACE="+raceOptions)
		return cmd
	}
	alive, ready := func() bool { return command(commands[1]).Run() == nil }, func() bool { return command(commands[2]).Run() == nil }
	server := command(commands[0])
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { server.Process.Kill() })
	for late := time.Now().Add(patience); !ready(); {
		if time.Now().After(late) {
			t.Fatal("never ready")
		}
	}
	if !alive() {
		t.Error("ready and not alive")
	}
	server.Process.Signal(syscall.SIGTERM)
	for ready() { // the signal is on its way
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("does not end")
	}
	if alive() {
		t.Error("alive after its end")
	}
}

func ranByCI(t *testing.T, command string) {
	t.Helper()
	ci, err := os.ReadFile("../.ci/run")
	if err != nil || !strings.Contains(string(ci), command) {
		t.Errorf(".ci/run does not run %q (%v)", command, err)
	}
}

// linkNames makes a directory with nettool, the test binary, under its names.
func linkNames(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"nettool", "tcpserve", "tcpconnect", "tcpprobe"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func runBlock(t *testing.T, bin string, b block) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(b.text, "7000", freePort(t)))
	cmd.Dir = home
	if strings.Contains(b.text, "scripts/") {
		cmd.Dir, _ = filepath.Abs("..")
	}
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+home,
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOFLAGS="+goEnv(t, "GOFLAGS"), "GORACE="+raceOptions)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second // servers end after the block's last line
	err := cmd.Run()
	for _, m := range regexp.MustCompile(`(?m)# prints (.*)$`).FindAllStringSubmatch(b.text, -1) {
		want := strings.ReplaceAll(m[1], "7000", "")
		got := regexp.MustCompile(`[0-9]{5}`).ReplaceAllString(stdout.String(), "")
		if !strings.Contains(got, strings.TrimSpace(want)) {
			t.Errorf("README line %d does not print %q", b.line, want)
			err = nil
		}
	}
	if err != nil {
		t.Errorf("README line %d: %v", b.line, err)
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", stdout.String(), stderr.String())
	}
}

// freePort is a port that nobody takes while the test runs.
func freePort(t *testing.T) string {
	t.Helper()
	port, release, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return strconv.Itoa(port)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestExitCodeTables holds the three tables of exit codes against each other:
// the code's, the help's and the README's.
func TestExitCodeTables(t *testing.T) {
	t.Parallel()
	all, _ := readme(t)
	text := section(all, "Exit codes")
	help := output(t, "nettool", "--help")
	for _, row := range exit.Table() {
		if !strings.Contains(text, "| "+row.Code+" | "+row.Meaning+" |") {
			t.Errorf("the README has no row %q: %q", row.Code, row.Meaning)
		}
		words := strings.ReplaceAll(regexp.QuoteMeta(row.Meaning), " ", `\s+`) // a long one takes two lines
		if !regexp.MustCompile(`(?m)^ +` + regexp.QuoteMeta(row.Code) + ` +` + words + `$`).MatchString(help) {
			t.Errorf("the help has no row %q: %q", row.Code, row.Meaning)
		}
	}
	if rows := regexp.MustCompile(`(?m)^\| [0-9]+(\+n)? \| `).FindAllString(text, -1); len(rows) != len(exit.Table()) {
		t.Errorf("the README has %d rows of exit codes, the table %d", len(rows), len(exit.Table()))
	}
}

// section is the part of the README under a heading.
func section(text, heading string) string {
	_, after, _ := strings.Cut(text, "\n## "+heading+"\n")
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}

// TestREADMEFlags holds the flags that the README names against those of the
// help texts, both ways.
func TestREADMEFlags(t *testing.T) {
	t.Parallel()
	text, _ := readme(t)
	flag := regexp.MustCompile(`--(\[no-\])?[a-z][a-z0-9-]*`)
	known := map[string]bool{}
	for _, applet := range [][]string{{"serve"}, {"connect"}, {"probe"}, {"probe", "check"}, {"probe", "wait"}, {"probe", "ping"}, {"probe", "sweep"}, {"probe", "load"}, {"probe", "export"}, {"probe", "compare"}} {
		help := output(t, "nettool", append(applet, "--help")...)
		for _, line := range regexp.MustCompile(`(?m)^ +(-\w, +)?--\S+`).FindAllString(help, -1) {
			known[strings.Replace(flag.FindString(line), "[no-]", "", 1)] = true
		}
	}
	options := section(text, "Options")
	named := map[string]bool{}
	for _, f := range flag.FindAllString(options, -1) {
		named[f] = true
		if !known[f] && !known[strings.Replace(f, "--no-", "--", 1)] {
			t.Errorf("the README names %s, which no help text knows", f)
		}
	}
	for f := range known {
		if !named[f] {
			t.Errorf("the README's options do not name %s", f)
		}
	}
}

// output is what a command of ours prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(linkNames(t), name), args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}

package applets_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"nettool/internal/exit"
)

// page is one of those that the project is explained by.
type page struct{ name, text string }

// pages are the README, and those that it names.
func pages(t *testing.T) (all []page) {
	t.Helper()
	for _, name := range []string{"README.md", "applets/README.md", "applets/serve/README.md", "applets/connect/README.md", "applets/probe/README.md"} {
		all = append(all, page{name, read(t, name)})
	}
	return all
}

// read is the text of a file, below the top.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestREADMEKubernetes runs the three commands that there are for Kubernetes, as
// that would: the server, and the probes until it is ready, while it drains, and when
// it is gone.
func TestREADMEKubernetes(t *testing.T) {
	t.Parallel()
	text := read(t, "applets/serve/README.md")
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
	bin := shippedNames(t)
	command := func(argv []string) *exec.Cmd {
		return exec.CommandContext(t.Context(), filepath.Join(bin, argv[0]), argv[1:]...)
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

// TestExitCodeTables holds the three tables of exit codes against each other:
// the code's, the help's and the page's.
func TestExitCodeTables(t *testing.T) {
	t.Parallel()
	text := section(read(t, "applets/README.md"), "Exit codes")
	help := output(t, "nettool", "--help")
	for _, row := range exit.Table() {
		if !strings.Contains(text, "| "+row.Code+" | "+row.Meaning+" |") {
			t.Errorf("the page has no row %q: %q", row.Code, row.Meaning)
		}
		words := strings.ReplaceAll(regexp.QuoteMeta(row.Meaning), " ", `\s+`) // a long one takes two lines
		if !regexp.MustCompile(`(?m)^ +` + regexp.QuoteMeta(row.Code) + ` +` + words + `$`).MatchString(help) {
			t.Errorf("the help has no row %q: %q", row.Code, row.Meaning)
		}
	}
	if rows := regexp.MustCompile(`(?m)^\| [0-9]+(\+n)? \| `).FindAllString(text, -1); len(rows) != len(exit.Table()) {
		t.Errorf("the page has %d rows of exit codes, the table %d", len(rows), len(exit.Table()))
	}
}

// section is the part of a page under a heading.
func section(text, heading string) string {
	_, after, _ := strings.Cut(text, "\n## "+heading+"\n")
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}

// TestREADMEFlags holds the flags that applets/README.md names against those of the
// help texts, both ways.
func TestREADMEFlags(t *testing.T) {
	t.Parallel()
	flag := regexp.MustCompile(`--(\[no-\])?[a-z][a-z0-9-]*`)
	known := map[string]bool{}
	for _, applet := range [][]string{{"serve"}, {"connect"}, {"probe"}, {"probe", "check"}, {"probe", "wait"}, {"probe", "ping"}, {"probe", "sweep"}, {"probe", "load"}, {"probe", "export"}, {"probe", "compare"}} {
		help := output(t, "nettool", append(applet, "--help")...)
		for _, line := range regexp.MustCompile(`(?m)^ +(-\w, +)?--\S+`).FindAllString(help, -1) {
			known[strings.Replace(flag.FindString(line), "[no-]", "", 1)] = true
		}
	}
	options := section(read(t, "applets/README.md"), "Options")
	named := map[string]bool{}
	for _, f := range flag.FindAllString(options, -1) {
		named[f] = true
		if !known[f] && !known[strings.Replace(f, "--no-", "--", 1)] {
			t.Errorf("the page names %s, which no help text knows", f)
		}
	}
	for f := range known {
		if !named[f] {
			t.Errorf("the page's options do not name %s", f)
		}
	}
}

// output is what a command of ours prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(shippedNames(t), name), args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}

// TestLinks follows the links of all pages, to files and to headings.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", "applets", "internal", "scripts"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".md" {
				if entry != nil && entry.IsDir() && dir == "" && path != ".." {
					return filepath.SkipDir
				}
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(string(text), -1) {
				if problem := follow(path, m[1]); problem != "" {
					t.Errorf("%s: %s: %s", path, m[1], problem)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// follow says what is wrong with a link of a page, if anything is.
func follow(page, link string) string {
	if strings.Contains(link, "://") {
		return "" // nobody may be there to ask
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := filepath.Join(filepath.Dir(page), file)
	if file == "" {
		target = page
	}
	if _, err := os.Stat(target); err != nil {
		return err.Error()
	}
	if anchor == "" {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(strings.ToLower(m[1]), " ", "-") == anchor {
			return ""
		}
	}
	return "no such heading"
}

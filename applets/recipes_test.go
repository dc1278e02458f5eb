package applets_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nettool/internal/pty"
)

// block is a shell block of a page, and the text block behind it: what it prints.
type block struct {
	page   string
	line   int
	text   string
	prints string
}

// blocks are the shell blocks of a page.
func blocks(page, text string) (all []block) {
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?").FindAllStringSubmatchIndex(text, -1) {
		b := block{page: page, line: strings.Count(text[:m[0]], "\n") + 1, text: text[m[2]:m[3]]}
		if m[4] >= 0 {
			b.prints = text[m[4]:m[5]]
		}
		all = append(all, b)
	}
	return all
}

// TestBlocks finds blocks, with and without what they print.
func TestBlocks(t *testing.T) {
	t.Parallel()
	got := blocks("p", "a\n\n```sh\nx\ny\n```\n\n```text\nz\n```\n\n```sh\nw\n```\n\nand\n\n```text\nv\n```\n")
	want := []block{{"p", 3, "x\ny\n", "z\n"}, {"p", 12, "w\n", ""}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
}

// shells are those that people paste recipes into.
var shells = [][]string{
	{"bash", "--norc", "--noprofile", "-i"},
	{"dash", "-i"},
	{"zsh", "-f", "-i"},
}

// TestRecipes pastes every shell block of the pages into a shell at a terminal, with a
// free port in place of 7000, and holds what it prints against the page: those of the
// README into each shell, those of other pages into one after the other. The demo and the
// checks are commands of .ci/run.
func TestRecipes(t *testing.T) {
	t.Parallel()
	n := 0
	for _, page := range pages(t) {
		for _, b := range blocks(page.name, page.text) {
			if command := strings.TrimSpace(b.text); command == "sh scripts/demo.sh" || command == "sh scripts/check.sh" {
				ranByCI(t, command)
				continue
			}
			into := shells
			if page.name != "README.md" {
				into = shells[n%len(shells):][:1]
			}
			n++
			for _, shell := range into {
				t.Run(fmt.Sprintf("%s:%d/%s", page.name, b.line, shell[0]), func(t *testing.T) {
					t.Parallel()
					if _, err := exec.LookPath(shell[0]); err != nil {
						t.Skip(err)
					}
					runBlock(t, shippedNames(t), shell, b)
				})
			}
		}
	}
}

func ranByCI(t *testing.T, command string) {
	t.Helper()
	ci, err := os.ReadFile("../.ci/run")
	if err != nil || !strings.Contains(string(ci), command) {
		t.Errorf(".ci/run does not run %q (%v)", command, err)
	}
}

// runBlock pastes a block into a shell that sits at a terminal, and looks at what it
// prints. The shell's standard output is no terminal: there the prompts would stand
// between.
func runBlock(t *testing.T, bin string, shell []string, b block) {
	t.Helper()
	port := freePort(t)
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Dir = home
	if strings.Contains(b.text, "scripts/") {
		cmd.Dir, _ = filepath.Abs("..")
	}
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+home, "PS1=$ ", "TERM=xterm", "ENV=", "HISTFILE=",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOFLAGS="+goEnv(t, "GOFLAGS"))
	printed, screen, err := paste(cmd, strings.ReplaceAll(b.text, "7000", port))
	missing := missing(printed, strings.ReplaceAll(b.prints, "7000", port))
	if err != nil || missing != "" {
		t.Errorf("%s line %d: %v; it does not print %q; it prints:\n%s\nthe screen:\n%s", b.page, b.line, err, missing, printed, screen)
	}
}

// missing is the first of the wanted lines that is not among those that were printed, in
// this order; others may stand between. In a wanted line … is what may differ; alone it is
// for readers.
func missing(printed, want string) string {
	lines := strings.Split(strings.ReplaceAll(printed, "\r\n", "\n"), "\n")
	for _, line := range strings.Split(strings.TrimSuffix(want, "\n"), "\n") {
		if line == "" || line == "…" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
		for len(lines) > 0 && !pattern.MatchString(lines[0]) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return line
		}
		lines = lines[1:]
	}
	return ""
}

// TestMissing holds texts against texts.
func TestMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ printed, want, missing string }{
		{"a\nb\nc\n", "a\nc\n", ""},
		{"a\nb\n", "b\na\n", "a"},
		{"x 1 ms\n", "x … ms\n", ""},
		{"a\nb\n", "a\n…\nb\n", ""},
		{"x 1 ms.\n", "x … ms\n", "x … ms"},
		{"", "", ""},
		{"", "a\n", "a"},
	} {
		if got := missing(test.printed, test.want); got != test.missing {
			t.Errorf("%q in %q: %q", test.want, test.printed, got)
		}
	}
}

// pasted is printed by a shell when it has done what was pasted.
const pasted = "all of it was read"

// paste types a text into an interactive shell at a terminal of its own, all at once, and
// ends the shell when it has come to the end of the text.
func paste(cmd *exec.Cmd, text string) (printed, screen string, err error) {
	master, slave, err := pty.Open(100, 30)
	if err != nil {
		return "", "", err
	}
	defer master.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		slave.Close()
		return "", "", err
	}
	defer out.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, stdout, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	slave.Close()
	stdout.Close()
	if err != nil {
		return "", "", err
	}
	var seen bytes.Buffer
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		io.Copy(&seen, master) // until the last one at the terminal has gone
	}()
	if _, err = io.WriteString(master, text+"echo \"status $?, "+pasted+"\"\n"); err != nil {
		return "", "", err
	}
	out.SetReadDeadline(time.Now().Add(2 * patience))
	printed, err = until(out, pasted)
	io.WriteString(master, "exit\nexit\n") // a shell with jobs wants to be told twice
	cmd.Wait()
	select {
	case <-shown:
	case <-time.After(patience):
		return printed, "", fmt.Errorf("somebody stays at the terminal")
	}
	if err == nil && !strings.Contains(printed, "status 0, ") {
		err = fmt.Errorf("the last command has failed")
	}
	return printed, seen.String(), err
}

// until reads up to a text.
func until(f io.Reader, text string) (string, error) {
	var all []byte
	p := make([]byte, 4096)
	for !bytes.Contains(all, []byte(text)) {
		n, err := f.Read(p)
		all = append(all, p[:n]...)
		if err != nil {
			return string(all), err
		}
	}
	return string(all), nil
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

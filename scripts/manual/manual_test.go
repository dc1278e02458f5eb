package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"nettool/applets"
	"nettool/scripts/manual/reference"
)

// source is the top of the tree.
const source = "../.."

// written are all files.
func written(t *testing.T) map[string]string {
	t.Helper()
	all, err := files(os.DirFS(source))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// node is a command of kong's, with its name as it is typed.
type node struct {
	name string
	*kong.Node
}

// nodes are all that have a page.
func nodes(t *testing.T) (all []node) {
	t.Helper()
	models, err := applets.Models()
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range models {
		all = append(all, node{m.Name, m.Node})
		for _, child := range m.Children {
			if i > 0 && !child.Hidden {
				all = append(all, node{m.Name + " " + child.Name, child})
			}
		}
	}
	return all
}

// TestPagesHaveAll looks for every command, argument and flag of kong's model.
func TestPagesHaveAll(t *testing.T) {
	t.Parallel()
	all := written(t)
	pages := 0
	for _, n := range nodes(t) {
		pages++
		page := all["man/man1/"+strings.ReplaceAll(n.name, " ", "-")+".1"]
		if page == "" {
			t.Errorf("%s has no page", n.name)
			continue
		}
		text := plain(page)
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				if !regexp.MustCompile(`(?m)^(-\w, )?--(\[no-\])?` + f.Name + `(=.*)?$`).MatchString(text) {
					t.Errorf("%s: no --%s", n.name, f.Name)
				}
			}
		}
		for _, p := range n.Positional {
			if !strings.Contains(text, "\n"+strings.ToUpper(p.Name)+"\n") {
				t.Errorf("%s: no argument %s", n.name, p.Name)
			}
		}
		for _, c := range n.Children {
			if !c.Hidden && !strings.Contains(text, "\n"+c.Name+"\n") {
				t.Errorf("%s: no command %s", n.name, c.Name)
			}
		}
	}
	for name := range all {
		if strings.HasPrefix(name, "man/") {
			pages--
		}
	}
	if pages != 0 {
		t.Errorf("%d commands have no page, or pages no command", pages)
	}
}

// plain takes escapes and requests from a page.
func plain(page string) string {
	page = regexp.MustCompile(`\\f[BIR]|\\%|\\&`).ReplaceAllString(page, "")
	return strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\(dq`, `"`, `\(rs`, `\`, `\[u2026]`, "…", `\(ha`, "^", `\(ti`, "~", `\(ga`, "`").Replace(page)
}

// TestPagesAreTheHelp holds the groups and the flags, and their order, against what
// --help prints.
func TestPagesAreTheHelp(t *testing.T) {
	t.Parallel()
	all := written(t)
	terms := regexp.MustCompile(`(?m)^(?:  (?:-\w, | {4})?(--\S+?)(?:[= ].*)?|([A-Z][^=]*?):?)$`)
	for _, n := range nodes(t) {
		_, flags, _ := strings.Cut(help(t, n.name), "\nFlags:\n")
		flags, _, _ = strings.Cut(flags, "\nExit codes:")
		flags, _, _ = strings.Cut(flags, "\nCommands:")
		want := []string{"Flags"}
		for _, m := range terms.FindAllStringSubmatch(flags, -1) {
			want = append(want, m[1]+m[2])
		}
		if got := listed(all["man/man1/"+strings.ReplaceAll(n.name, " ", "-")+".1"]); !slices.Equal(got, want) {
			t.Errorf("%s: the page has\n%q\n--help has\n%q", n.name, got, want)
		}
	}
}

// listed are the groups and the flags of a page, in its order.
func listed(page string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^\.(?:SS (.*)|TP\n(?:-\w, )?(--\S+?)(?:=.*)?)$`).FindAllStringSubmatch(optionsOf(plain(page)), -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

func optionsOf(page string) string {
	_, options, _ := strings.Cut(page, "\n.SH OPTIONS\n")
	options, _, _ = strings.Cut(options, "\n.SH ")
	return options
}

// help is what a command prints for --help.
func help(t *testing.T, command string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	code := applets.Main(append(strings.Fields(command), "--help"), os.Stdin, w, os.Stderr)
	w.Close()
	if text := <-read; code == 0 {
		return text
	}
	t.Fatalf("%s --help: exit %d", command, code)
	return ""
}

// TestFormatters has every page formatted without a warning.
func TestFormatters(t *testing.T) {
	t.Parallel()
	for _, formatter := range [][]string{{"groff", "-man", "-Tutf8", "-ww", "-z"}, {"mandoc", "-man", "-Tlint"}} {
		if _, err := exec.LookPath(formatter[0]); err != nil {
			t.Logf("no %s: left out", formatter[0])
			continue
		}
		for name, page := range written(t) {
			if !strings.HasPrefix(name, "man/") {
				continue
			}
			cmd := exec.CommandContext(t.Context(), formatter[0], formatter[1:]...)
			cmd.Stdin = strings.NewReader(page)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s %s: %v\n%s", formatter[0], name, err, out)
			}
		}
	}
}

// TestTextsHaveTheirPlace finds pages that are nobody's, and sections of exit status or
// options that are written by hand.
func TestTextsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	text, err := reference.ReadTexts(os.DirFS(source))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, n := range nodes(t) {
		known[strings.ReplaceAll(n.name, " ", "-")] = true
	}
	for page, sections := range text {
		if !known[page] {
			t.Errorf("there is a text for %s, and no such command", page)
		}
		for _, s := range sections {
			switch s.Title {
			case "Options", "Exit status", "Arguments", "Commands", "Name":
				t.Errorf("%s: %s is made from the flags", page, s.Title)
			}
		}
	}
}

// TestWrite writes everything, twice into the same place.
func TestWrite(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	dir := t.TempDir()
	for range 2 {
		if err := write(os.DirFS(source), dir); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(dir + "/man/man1/tcpprobe-wait.1")
	if err != nil || !strings.HasPrefix(string(page), `.TH "TCPPROBE\-WAIT" 1 1970-01-02 "nettool `) {
		t.Errorf("%.80s, %v", page, err)
	}
	if err := write(os.DirFS(dir), dir); err == nil {
		t.Error("writes without the texts")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "today")
	if err := write(os.DirFS(source), dir); err == nil {
		t.Error("today is a number")
	}
}

package tcprules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"nettool/internal/cli"
	"nettool/internal/tcprules"
)

// outcome is all that a run of either shows.
type outcome struct {
	code   int
	stderr string
	cdb    string // what is in the files afterwards, or "none"
	tmp    string
}

// run has a tool make cdb and tmp, in a folder of its own, of rules.
func run(t *testing.T, rules, cdb, tmp string, tool func(stdin, stderr *os.File, args ...string) int) outcome {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir("dir", 0o700), os.WriteFile("in", []byte(rules), 0o600), os.Symlink("target", "link")); err != nil {
		t.Fatal(err)
	}
	stdin, err := os.Open("in")
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr, err := os.Create("err")
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	args := []string{cdb, tmp}
	if tmp == "" {
		args = args[:1]
	}
	code := tool(stdin, stderr, args...)
	said, err := os.ReadFile("err")
	if err != nil {
		t.Fatal(err)
	}
	return outcome{code, string(said), content(cdb), content(tmp)}
}

func content(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "none"
	}
	if !info.Mode().IsRegular() {
		return info.Mode().String()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return info.Mode().String()
	}
	return info.Mode().String() + string(data)
}

func ours(stdin, stderr *os.File, args ...string) int {
	return Run(&cli.Call{Name: "tcprules", Stdin: stdin, Stderr: stderr}, args)
}

func theirs(t *testing.T) func(stdin, stderr *os.File, args ...string) int {
	t.Helper()
	if os.Getenv("NETTOOL_PEERS") == "" {
		t.Skip("scripts/peers.sh runs this")
	}
	if _, err := exec.LookPath("tcprules"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tcprules is missing, and CI tests need it")
		}
		t.Skip("needs tcprules")
	}
	return func(stdin, stderr *os.File, args ...string) int {
		cmd := exec.Command("tcprules", args...)
		cmd.Stdin, cmd.Stderr = stdin, stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	}
}

// compare runs both, and checks that nothing tells them apart but the unfinished file that a
// failure leaves behind.
func compare(t *testing.T, real func(stdin, stderr *os.File, args ...string) int, rules, cdb, tmp string) {
	t.Helper()
	want, got := run(t, rules, cdb, tmp, real), run(t, rules, cdb, tmp, ours)
	if want.code != 0 {
		want.tmp, got.tmp = want.tmp[:min(len(want.tmp), 10)], got.tmp[:min(len(got.tmp), 10)]
	}
	if got != want {
		t.Errorf("tcprules %s %s with %q:\ngot  %+.3000v\nwant %+.3000v", cdb, tmp, rules, got, want)
	}
}

func TestLines(t *testing.T) {
	real := theirs(t)
	for _, line := range []string{
		"", ":allow", ":deny", ":allow \t \t", " :allow", "\t", "a", "a\n:deny", "#:x", " #x", ":", "::allow", ":bad", ":Allow", ":allowed", ":denied", ":allo",
		":allow\r", ":allow\v", "a\r:allow", "1.2.3.4:deny", "1.2.3.:allow", "joe@1.2.3.4:allow", "=h.x:allow", "=.x:allow", "=:deny", "@:deny",
		"1.2.3.4-7:allow", "1.2.3-5.:deny", "1.2.3.7-4:allow", "1.2.3.7-4:bad", "1.2.3.250-300:allow", "1.2.3.256-258:allow", "-:allow", "5-:allow", "-5:allow",
		".-3:allow", "1.-3.:allow", "1-2-3:allow", "1-2-:allow", "1.2-3.4-5.:allow", "a-b:allow", "1.2.3-4x:allow", "1.2.3-4.x:allow", "1.2.3. 4-5:allow",
		"x=3-4:allow", "3-4@x:allow", "=ho1-3st:allow", "1.2.3.04-007:allow", "1.2.3.4-99999999999:allow", "1.2.3.18446744073709551617-2:allow",
		`:allow,A="x"`, `:deny,A="x"`, `:allow,A="x",B=/"/,C=||`, ":allow,", ":allow,A", ":allow,A=", `:allow,A="`, `:allow,A="x`, `:allow,A="x"y`, `:allow,A="x",`,
		`:allow,A="x",,B="y"`, `:allow,="x"`, ":allow,==x=", ":allow,A,B=/x/", ":allow,A/=/x/", ":allow,A=/x/  ", ":allow,A=/x  ", ":allow,A= x ", ":allow,A= x y",
		":allow,A=\r\r", ":allow,A=\"a\x00b\"", ":allow,A\x00B=/x/", "a\x00b:allow", "a\x00b:bad", ":allow\x00", "\xff:allow", "\xff:bad\x01\x1b[m", "%s:allow%s",
		"10.0.0.0/8:allow", "[::1]:allow", "2001:db8::1:allow", "a:allow\na:deny\na:allow", strings.Repeat("a:allow\n", 300) + "b:x",
		":allow,A=/" + strings.Repeat("x", 100_000) + "/", strings.Repeat("a", 70_000) + ":deny",
	} {
		compare(t, real, line+"\n", "cdb", "tmp")
		compare(t, real, line, "cdb", "tmp")
	}
}

func TestFiles(t *testing.T) {
	real := theirs(t)
	for _, row := range [][2]string{
		{"cdb", ""},
		{"cdb", "none/tmp"},
		{"none/cdb", "tmp"},
		{"dir", "tmp"},
		{"cdb", "dir"},
		{"cdb", "in/tmp"},
		{"in", "tmp"},
		{"-x", "-y"},
		{"cdb", "link"},
		{"link", "tmp"},
		{"cdb", "cdb"},
		{"cdb", "/dev/full"},
		{strings.Repeat("x", 300), "tmp"},
	} {
		compare(t, real, "1.2.3.4:deny\n", row[0], row[1])
	}
	compare(t, real, "bad:line\n", "in", "tmp")
}

// TestManyRules builds files of random lines of what lines are made of.
func TestManyRules(t *testing.T) {
	real := theirs(t)
	random := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		var text strings.Builder
		for range random.IntN(200) {
			text.WriteString(goodLine(random))
		}
		compare(t, real, text.String(), "cdb", "tmp")
	}
	pieces := []string{"1", "2", ".", ".", "-", "=", "@", ":", ":", "allow", "deny", ",", "A", "=", "\"", "\"", "/", " ", "#", "\n", "\r", "\t", "\x00", "\xfe", "300", "0"}
	for range 200 {
		var text strings.Builder
		for range random.IntN(14) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		compare(t, real, text.String(), "cdb", "tmp")
	}
}

func goodLine(random *rand.Rand) string {
	octets := make([]string, 1+random.IntN(4))
	for i := range octets {
		octets[i] = fmt.Sprint(random.IntN(20))
	}
	if i := random.IntN(4); i < len(octets) {
		octets[i] += fmt.Sprint("-", random.IntN(270))
	}
	address := strings.Join(octets, ".") + []string{"", "."}[random.IntN(2)]
	address = []string{"", "", "", "=", "joe@", "#"}[random.IntN(6)] + address
	return address + ":" + []string{"allow", "deny"}[random.IntN(2)] + strings.Repeat(fmt.Sprintf(",N%d=/%d/", random.IntN(9), random.IntN(9)), random.IntN(3)) + "\n"
}

// TestOldStays: a failure leaves the database that was there.
func TestOldStays(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("cdb", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, tmp := range map[string]string{"x:bad": "tmp", ":allow": "none/tmp"} {
		if err := replace("cdb", tmp, strings.NewReader(text)); err == nil || content("cdb") != "-rw-------old" {
			t.Errorf("%q: %v, and then %q", text, err, content("cdb"))
		}
	}
}

// TestDescribe has what the real one cannot be made to say here.
func TestDescribe(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"read input: a line is longer than 1 MiB":   &tcprules.ReadError{Err: tcprules.ErrLongLine},
		"read input: input/output error":            &tcprules.ReadError{Err: &fs.PathError{Err: syscall.EIO}},
		"write to tmp: input/output error":          whose(syscall.EIO, "tmp"),
		"write to tmp: " + io.ErrShortWrite.Error(): whose(fmt.Errorf("x: %w", io.ErrShortWrite), "tmp"),
		"parse this line: a":                        whose(&tcprules.LineError{Line: "a\x00b"}, "tmp"),
	} {
		if _, text := describe(err); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	code := Run(&cli.Call{Stderr: w}, []string{"cdb"})
	w.Close()
	said, _ := io.ReadAll(r)
	if code != 100 || !bytes.HasPrefix(said, []byte("tcprules: usage: ")) {
		t.Errorf("%d, %q", code, said)
	}
}

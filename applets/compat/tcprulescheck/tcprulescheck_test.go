package tcprulescheck

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nettool/internal/cdb"
	"nettool/internal/cli"
)

// names of the variables that say who the peer is.
var names = [...]string{"TCPREMOTEIP", "TCPREMOTEHOST", "TCPREMOTEINFO"}

// setPeer sets those of the variables that have a value, as in "TCPREMOTEIP=1.2.3.4".
func setPeer(t *testing.T, peer ...string) {
	t.Helper()
	for _, name := range names {
		t.Setenv(name, "") // so that it is restored
		os.Unsetenv(name)
	}
	for _, variable := range peer {
		name, value, _ := strings.Cut(variable, "=")
		os.Setenv(name, value)
	}
}

// outcome is all that a run of either shows.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, tool func(stdout, stderr *os.File) int) outcome {
	t.Helper()
	dir := t.TempDir()
	stdout, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	stderr, err := os.Create(filepath.Join(dir, "err"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	code := tool(stdout, stderr)
	out, _ := os.ReadFile(stdout.Name())
	said, _ := os.ReadFile(stderr.Name())
	return outcome{code, string(out), string(said)}
}

func theirs(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"tcprules", "tcprulescheck"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing, and CI tests need it", tool)
			}
			t.Skip("needs " + tool)
		}
	}
}

// compare asks both for the peer that is in the environment.
func compare(t *testing.T, args ...string) {
	t.Helper()
	got := run(t, func(stdout, stderr *os.File) int {
		return Run(&cli.Call{Name: "tcprulescheck", Stdout: stdout, Stderr: stderr}, args)
	})
	want := run(t, func(stdout, stderr *os.File) int {
		cmd := exec.Command("tcprulescheck", args...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	})
	if got != want {
		t.Errorf("tcprulescheck %q:\ngot  %+v\nwant %+v", args, got, want)
	}
}

func compiled(t *testing.T, rules string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cdb")
	cmd := exec.Command("tcprules", path, path+".tmp")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestPeers(t *testing.T) {
	theirs(t)
	path := compiled(t, `joe@1.2.3.4:allow,A="joe"
1.2.3.4:deny
joe@=h.x.y:allow,B="b"
=h.x.y:allow,H="h"
1.2.:allow,P="12"
=.x.y:allow,S="s",T=""
=.y:deny,T="never"
=:allow,ANY="=\"
@:allow,EMPTY="x"
:allow,DEF="a b`+"\x01\xff"+`"
`)
	for _, peer := range [][]string{
		{},
		{"TCPREMOTEIP="},
		{"TCPREMOTEIP=1.2.3.4"},
		{"TCPREMOTEIP=1.2.3.4", "TCPREMOTEINFO=joe"},
		{"TCPREMOTEIP=1.2.3.4", "TCPREMOTEINFO="},
		{"TCPREMOTEINFO=joe"},
		{"TCPREMOTEINFO="},
		{"TCPREMOTEIP=", "TCPREMOTEINFO="},
		{"TCPREMOTEHOST=h.x.y"},
		{"TCPREMOTEHOST=h.x.y", "TCPREMOTEINFO=joe"},
		{"TCPREMOTEIP=1.2.9.9", "TCPREMOTEHOST=q.x.y"},
		{"TCPREMOTEIP=9.9.9.9", "TCPREMOTEHOST=q.x.y"},
		{"TCPREMOTEIP=9.9.9.9", "TCPREMOTEHOST=q.y"},
		{"TCPREMOTEIP=9.9.9.9", "TCPREMOTEHOST="},
		{"TCPREMOTEHOST=H.X.Y"},
		{"TCPREMOTEIP=1.2.3"},
		{"TCPREMOTEIP=..."},
		{"TCPREMOTEIP=2001:db8::1"},
		{"TCPREMOTEIP=x\ny"},
	} {
		setPeer(t, peer...)
		compare(t, path)
	}
	setPeer(t)
	compare(t)
	compare(t, path, "more")
	compare(t, compiled(t, ""))
	compare(t, filepath.Join(t.TempDir(), "none"))
	compare(t, filepath.Join(path, "below"))
}

// TestRecords has values that tcprules does not write, and files that it did not.
func TestRecords(t *testing.T) {
	theirs(t)
	setPeer(t)
	for _, value := range []string{"", "D\x00", "Dx\x00", "+A=b\x00D\x00", "D\x00+A=b\x00", "Q\x00\x00+A=b\x00", "+A\x00+\x00", "+\n\x00"} {
		compare(t, made(t, value))
	}
	for name, data := range map[string]string{"short": "x", "long": strings.Repeat("\xff", 5000), "zeros": strings.Repeat("\x00", 2048)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		compare(t, path)
	}
}

func made(t *testing.T, value string) (path string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "cdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := cdb.NewMaker(file)
	if err == nil {
		err = m.Add(nil, []byte(value))
	}
	if err == nil {
		err = m.Finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// TestManyPeers asks random databases for random peers.
func TestManyPeers(t *testing.T) {
	theirs(t)
	random := rand.New(rand.NewPCG(7, 8))
	word := func(parts ...string) string {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		return b.String()
	}
	for range 10 {
		var rules strings.Builder
		for i := range 60 {
			address := []string{"", "joe@", "joe@=", "=", "=."}[random.IntN(5)] + word("1", "2", ".", ".")
			rules.WriteString(address + []string{":deny", ":allow"}[i%2] + ",A=/x/\n")
		}
		path := compiled(t, rules.String())
		for range 20 {
			setPeer(t, "TCPREMOTEIP="+word("1", "2", ".", "."))
			if random.IntN(2) == 0 {
				os.Setenv("TCPREMOTEHOST", word("1", "2", "."))
			}
			if random.IntN(2) == 0 {
				os.Setenv("TCPREMOTEINFO", []string{"joe", "", "jim"}[random.IntN(3)])
			}
			compare(t, path)
		}
	}
}

// TestCut is a record whose end is missing, which could have been a "D": the real one lets
// the peer in.
func TestCut(t *testing.T) {
	setPeer(t)
	got := run(t, func(stdout, stderr *os.File) int {
		return Run(&cli.Call{Stdout: stdout, Stderr: stderr}, []string{made(t, "+A=b\x00D")})
	})
	if got.code != 111 || got.stdout != "" || !strings.HasSuffix(got.stderr, ": protocol error\n") {
		t.Errorf("got %+v", got)
	}
}

// TestFull: an answer that nobody can read is no success.
func TestFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	got := run(t, func(_, stderr *os.File) int {
		return Run(&cli.Call{Stdout: full, Stderr: stderr}, []string{made(t, "")})
	})
	if want := "tcprulescheck: fatal: unable to write output: out of disk space\n"; got.code != 111 || got.stderr != want {
		t.Errorf("got %+v", got)
	}
}

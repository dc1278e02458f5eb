package nc

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"nettool/internal/cli"
)

// rowPatience bounds every row: none lasts as long, unless something is wrong.
const rowPatience = 30 * time.Second

// row is a command line that the real nc and ours are given.
type row struct {
	args     string // words; PORT is the peer's port, SHUT one where nobody listens, DIR a directory; '' is an empty word
	in       string // standard input
	peer     string // who is at the other end, one of the peers; "" is nobody
	anyOrder bool   // of the ports, and so of the lines on standard error
	hold     bool   // standard input does not end before nc does
	hangs    bool   // the real one does not end, and is not run
	want     string // how ours ends where it differs on purpose, and
	since    string // why
}

// outcome is all that can be seen of a run.
type outcome struct {
	status         int
	stdout, stderr string
	peer           string // what the peer was told, and how it ended
}

func (o outcome) String() string {
	text := fmt.Sprintf("%d %q %q", o.status, o.stdout, o.stderr)
	if o.peer != "" {
		text += " peer " + o.peer
	}
	return text
}

// program runs nc with words until it ends.
type program func(words []string, stdin *os.File, stdout, stderr io.Writer) (status int, err error)

// realProgram is the installed nc.
func realProgram(words []string, stdin *os.File, stdout, stderr io.Writer) (int, error) {
	cmd := exec.Command("nc", words...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	late := time.AfterFunc(rowPatience, func() { cmd.Process.Kill() })
	defer late.Stop()
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), nil
}

// ourProgram is Main, in this process.
func ourProgram(words []string, stdin *os.File, stdout, stderr io.Writer) (int, error) {
	outs, flush, err := pipesTo(stdout, stderr)
	if err != nil {
		return 0, err
	}
	status := Main(&cli.Call{Name: "nc", Stdin: stdin, Stdout: outs[0], Stderr: outs[1]}, words)
	flush()
	return status, nil
}

// pipesTo makes pipes whose other ends are copied to writers; flush closes them and waits
// for the copies.
func pipesTo(writers ...io.Writer) (ends []*os.File, flush func(), err error) {
	var copying sync.WaitGroup
	for _, w := range writers {
		r, end, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		ends = append(ends, end)
		copying.Go(func() { io.Copy(w, r); r.Close() })
	}
	return ends, func() {
		for _, end := range ends {
			end.Close()
		}
		copying.Wait()
	}, nil
}

// play runs a row once.
func play(t *testing.T, r row, run program) outcome {
	t.Helper()
	stage := newStage(t, r)
	stdin, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	feedAll(feed, r.in, r.hold)
	var stdout bytes.Buffer
	status, err := run(stage.words(r.args), stdin, &stdout, stage)
	if r.hold {
		feed.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	told := stage.end()
	return outcome{status, stdout.String(), stage.plain(stage.text()), told}
}

// feedAll writes standard input, which fits a pipe, and ends it, unless it is held: nc finds
// it there.
func feedAll(feed *os.File, text string, hold bool) {
	io.WriteString(feed, text)
	if !hold {
		feed.Close()
	}
}

// needReal skips the test where there is no OpenBSD nc to compare with.
func needReal(t *testing.T) {
	t.Helper()
	help, err := exec.Command("nc", "-h").CombinedOutput()
	if err == nil && bytes.Contains(help, []byte("OpenBSD netcat")) {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("netcat-openbsd is missing, and CI tests need it")
	}
	t.Skip("there is no OpenBSD nc here")
}

// compare runs a row with both.
func compare(t *testing.T, r row) {
	t.Helper()
	real := "hangs"
	if !r.hangs {
		real = play(t, r, realProgram).String()
	}
	ours := play(t, r, ourProgram).String()
	switch {
	case r.want == "" && ours != real:
		t.Errorf("nc %s\nreal %s\nours %s", r.args, real, ours)
	case r.want != "" && ours != r.want:
		t.Errorf("nc %s\nwant %s\nours %s", r.args, r.want, ours)
	case r.want != "" && ours == real:
		t.Errorf("nc %s: there is no difference any more: %s (%s)", r.args, real, r.since)
	}
}

// rowsAtOnce bounds how many rows run together: most of them wait.
const rowsAtOnce = 8

// compareAll runs rows, a few at a time.
func compareAll(t *testing.T, rows []row) {
	t.Helper()
	room := make(chan struct{}, rowsAtOnce)
	var running sync.WaitGroup
	for _, r := range rows {
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			compare(t, r)
		})
	}
	running.Wait()
}

// TestBeside compares every row of the table.
func TestBeside(t *testing.T) {
	t.Parallel()
	needReal(t)
	all := rows()
	if len(all) < 90 {
		t.Errorf("%d rows are fewer than 90", len(all))
	}
	compareAll(t, all)
}

// ephemeral is a port that the system has chosen, or the name of a directory.
var ephemeral = regexp.MustCompile(`(received on \S+ |nc: 127\.0\.0\.1:|Listening on \S+ |Bound on [0-9.:a-z]+ )\d+|(/tmp/nc-)[^/]+`)

// unacknowledged depends on how fast the peer's kernel was.
var unacknowledged = regexp.MustCompile(` \(\d+ bytes were not acknowledged\)`)

// plain is text without what differs from run to run.
func plain(text string) string {
	return unacknowledged.ReplaceAllString(ephemeral.ReplaceAllString(text, "${1}${2}N"), "")
}

// splitWords divides a command line.
func splitWords(line string) []string {
	words := strings.Fields(line)
	for i, w := range words {
		if w == "''" {
			words[i] = ""
		}
	}
	return words
}

// randomRows is how many random command lines are compared.
const randomRows = 60

// TestBesideRandom compares command lines that nobody has thought of.
func TestBesideRandom(t *testing.T) {
	t.Parallel()
	needReal(t)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("NETTOOL_SEED"); text != "" {
		fmt.Sscan(text, &seed)
	}
	t.Logf("NETTOOL_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	all := make([]row, randomRows)
	for i := range all {
		all[i] = randomRow(random)
	}
	compareAll(t, all)
}

package applets_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// show is a program that shows its environment, without ports, and echoes.
const show = `env | grep -E "^(PROTO|TCP|ROLE|X)" | grep -v ^TCPCONNNUM= | sort | sed "s/PORT=[0-9]*/PORT/"; cat`

// tcpserverRows are command lines of tcpserver, a program and its arguments apart from the
// options by " ; ". Those that listen have -1, which tells the port.
func tcpserverRows() []string {
	return []string{
		"", "-z", "-c", "-vz 0 0 cat", "0", "0 0", "-RHl0 0 0", "-- 0 0", "-x", "-q", "-q -z", "--",
		"0 nosuchservice ; cat", "0 x1 ; cat", "0 22222x ; cat", "-q 0 nosuchservice ; cat", "127.0.0.1 -1 ; cat",
		"1.2.3.4 7 ; cat", "-q 1.2.3.4 7 ; cat", "-v 1.2.3.4 7 ; cat", "nosuch.invalid. 0 ; cat",
		"-1RHl0 127.0.0.1 0 ; show", "-1 -R -H -l 0 127.0.0.1 0 ; show", "-1RHlname 127.0.0.1 0 ; show",
		"-1vRHl0 127.0.0.1 0 ; show", "-1vRHl0 127.0.0.1 00 ; show", "-1vRHl0 127.0.0.1 65536 ; show",
		"-1vRHl0 0 0 ; show", "-1vRHl0 [127.0.0.1] 0 ; show", "-1vRHl0 127.000.000.001 0 ; show", "-1vRHl0 127.0.0.257 0 ; show",
		"-1QRHl0 127.0.0.1 0 ; show", "-1qvRHl0 127.0.0.1 0 ; show", "-1vqRHl0 127.0.0.1 0 ; show",
		"-1vdRHl0 127.0.0.1 0 ; show", "-1vDRHl0 127.0.0.1 0 ; show", "-1voRHl0 127.0.0.1 0 ; show", "-1vORHl0 127.0.0.1 0 ; show",
		"-1vPRHl0 127.0.0.1 0 ; show", "-1vpRHl0 127.0.0.1 0 ; show", "-1vRHl0 -t 3 127.0.0.1 0 ; show",
		"-1vRHl0 -c 1 127.0.0.1 0 ; show", "-1vRHl0 -c 9999 127.0.0.1 0 ; show", "-1vRHl0 -c 7x 127.0.0.1 0 ; show",
		"-1vRHl0 -b 1 127.0.0.1 0 ; show", "-1vRHl0 -b 500 127.0.0.1 0 ; show",
		"-1vRHl0 -B banner: 127.0.0.1 0 ; show", "-1vRHl0 -Bbanner: 127.0.0.1 0 ; cat", "-1vRHl0 -B banner: -x DIR/deny.cdb 127.0.0.1 0 ; cat",
		"-1vRHl0 127.0.0.1 0 ; exit 5", "-1vRHl0 127.0.0.1 0 ; kill -9 $$", "-1RHl0 127.0.0.1 0 ; exit 5",
		"-1vRHl0 127.0.0.1 0 ; !nosuchprogram", "-1RHl0 127.0.0.1 0 ; !nosuchprogram", "-1qRHl0 127.0.0.1 0 ; !nosuchprogram",
		"-1vRHl0 127.0.0.1 0 ; !/etc/passwd", "-1vRHl0 127.0.0.1 0 ; !/etc", "-1vRHl0 127.0.0.1 0 ; !/etc/passwd/x",
		"-1vRHl0 -x DIR/rules.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/deny.cdb 127.0.0.1 0 ; show", "-1RHl0 -x DIR/deny.cdb 127.0.0.1 0 ; show",
		"-1qRHl0 -x DIR/deny.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/range.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/none.cdb 127.0.0.1 0 ; show",
		"-1vRHl0 -x DIR/names.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/missing.cdb 127.0.0.1 0 ; show", "-1RHl0 -x DIR/missing.cdb 127.0.0.1 0 ; show",
		"-1vRHl0 -X -x DIR/missing.cdb 127.0.0.1 0 ; show", "-1vRHl0 -X -x DIR/deny.cdb 127.0.0.1 0 ; show", "-1vXRHl0 127.0.0.1 0 ; show",
		"-1vRHl0 -x DIR/empty.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/cut.cdb 127.0.0.1 0 ; show", "-1vRHl0 -x DIR/text 127.0.0.1 0 ; show",
		"-1vRHl0 -U 127.0.0.1 0 ; show", "-1vRHl0 -u 65534 -g 65534 127.0.0.1 0 ; id",
	}
}

// randomRows are others, of options that go together.
func randomRows(n int) (rows []string) {
	options := []string{"v", "Q", "q", "p", "P", "o", "O", "d", "D", "X", "1"}
	valued := []string{"-c 3", "-b 5", "-t 2", "-x DIR/rules.cdb", "-x DIR/deny.cdb", "-x DIR/missing.cdb", "-B hello", "-l 0", "-l name", "-l ''"}
	r := rand.New(rand.NewPCG(17, 4))
	for range n {
		line := "-1RH"
		for range r.IntN(5) {
			line += options[r.IntN(len(options))]
		}
		line += " -l0"
		for range r.IntN(4) {
			line += " " + valued[r.IntN(len(valued))]
		}
		rows = append(rows, line+" 127.0.0.1 0 ; "+[]string{"show", "cat", "exit 3"}[r.IntN(3)])
	}
	return rows
}

// TestTCPServer holds tcpserver's own command line against the real program.
func TestTCPServer(t *testing.T) {
	t.Parallel()
	if os.Getenv("NETTOOL_PEERS") == "" {
		t.Skip("scripts/peers.sh runs this")
	}
	real, err := exec.LookPath("tcpserver")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tcpserver is missing, and CI tests need it")
		}
		t.Skip("needs tcpserver")
	}
	ours := filepath.Join(shippedNames(t), "nettool")
	dir := rulesFolder(t)
	for _, row := range slices.Concat(tcpserverRows(), randomRows(20)) { // one after the other: the scripts run beside them
		t.Run(row, func(t *testing.T) {
			argv := argvOf(strings.ReplaceAll(row, "DIR", dir))
			want := tcpserverRun(t, real, append([]string{"tcpserver"}, argv...))
			got := tcpserverRun(t, ours, append([]string{"nettool", "tcpserver"}, argv...))
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// rulesFolder has databases, made by the real tcprules, and what is none.
func rulesFolder(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules": "127.0.0.1:allow,ROLE=\"me\",X=/y/\n:deny\n",
		"deny":  "127.:deny\n:allow\n",
		"range": "127.0.0-3.:allow,X=/range/\n:deny\n",
		"none":  "10.0.0.1:deny\n",
		"names": "=:deny\n:allow,X=/no name/\n",
	} {
		cmd := exec.Command("tcprules", filepath.Join(dir, name+".cdb"), filepath.Join(dir, "new"))
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("tcprules: %v: %s", err, out)
		}
	}
	whole, err := os.ReadFile(filepath.Join(dir, "rules.cdb"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"empty.cdb": nil, "cut.cdb": whole[:2060], "text": []byte("127.0.0.1:allow\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// argvOf is a row's arguments. A program is a shell's, or, behind "!", a file.
func argvOf(row string) []string {
	options, program, found := strings.Cut(row, " ; ")
	argv := strings.Fields(strings.ReplaceAll(options, "''", "\x00"))
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "\x00", "")
	}
	file, isFile := strings.CutPrefix(program, "!")
	switch {
	case !found:
		return argv
	case isFile:
		return append(argv, file)
	case program == "show":
		program = show
	}
	return append(argv, "sh", "-c", program)
}

// tcpserverRun runs a server, talks to it if it listens, ends it, and returns all that was
// seen, without what differs each time.
func tcpserverRun(t *testing.T, path string, argv []string) string {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said := filepath.Join(t.TempDir(), "stderr")
	stderr, err := os.Create(said)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, path, argv[1:]...)
	cmd.Args[0], cmd.Stdout, cmd.Stderr = argv[0], in, stderr
	err = cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	var heard []byte
	var port int
	if n, _ := fmt.Fscan(out, &port); n == 1 {
		heard = talkOnce(t, port)
		awaitRecord(ctx, said)
		cmd.Process.Signal(syscall.SIGTERM)
	}
	cmd.Wait()
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(pid|ok|deny|end) \d+`).ReplaceAll(text, []byte("$1 PID"))
	text = regexp.MustCompile(fmt.Sprintf(`:%d |:\d+\n`, port)).ReplaceAll(text, []byte(":PORT\n"))
	return fmt.Sprintf("heard %q\nsaid\n%sstate %v", heard, text, cmd.ProcessState)
}

// talkOnce is a client.
func talkOnce(t *testing.T, port int) []byte {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	c.Write([]byte("hello\n"))
	c.(*net.TCPConn).CloseWrite()
	heard, _ := io.ReadAll(c) // who is turned away may be reset
	return heard
}

// awaitRecord waits until the end of a connection was written down, if anything is.
func awaitRecord(ctx context.Context, file string) {
	for ctx.Err() == nil {
		text, _ := os.ReadFile(file)
		if !bytes.Contains(text, []byte("status:")) || bytes.Count(text, []byte(" status")) >= 4 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

//go:build unix

package tcpclient

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// outcome is all that a run of either shows.
type outcome struct {
	code           int
	stdout, stderr string
}

// differ runs command lines through both, several at a time.
type differ struct {
	theirs, self string
	running      chan struct{}
	under        []string // a command that both are run by
}

func newDiffer(t *testing.T) *differ {
	t.Helper()
	if os.Getenv("NETTOOL_PEERS") == "" {
		t.Skip("scripts/peers.sh runs this")
	}
	theirs, err := exec.LookPath("tcpclient")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tcpclient is missing, and CI tests need it")
		}
		t.Skip("needs tcpclient")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &differ{theirs: theirs, self: self, running: make(chan struct{}, 3)}
}

var ownPort = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`TCPLOCALPORT=\d+`) })

func (d *differ) run(t *testing.T, path string, args []string) outcome {
	t.Helper()
	var cmd *exec.Cmd
	if d.under == nil {
		cmd = exec.Command(path)
		cmd.Args = append([]string{"tcpclient"}, args...)
	} else {
		line := append(append([]string{}, d.under...), path)
		cmd = exec.Command(line[0], append(line[1:], args...)...)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(""), &stdout, &stderr
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "PROTO=old", "TCPREMOTEHOST=old", "TCPREMOTEINFO=old", "TCPLOCALHOST=old", "TCPLOCALIP=old", "TCPOTHER=kept",
	}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), ownPort().ReplaceAllString(stdout.String(), "TCPLOCALPORT=?"), stderr.String()}
}

// compare runs a command line through both.
func (d *differ) compare(t *testing.T, args ...string) {
	t.Helper()
	d.running <- struct{}{}
	defer func() { <-d.running }()
	want, got := d.run(t, d.theirs, args), d.run(t, d.self, args)
	if got != want {
		t.Errorf("tcpclient %q:\ngot  %+v\nwant %+v", args, got, want)
	}
}

// greeter greets who connects, and answers a line in capitals. It is at every address of this
// machine that is given.
func greeter(t *testing.T, port string, hosts ...string) string {
	t.Helper()
	for _, host := range hosts {
		l, err := net.Listen("tcp4", net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		_, port, _ = net.SplitHostPort(l.Addr().String())
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go greet(conn)
			}
		}()
	}
	return port
}

func greet(conn net.Conn) {
	defer conn.Close()
	io.WriteString(conn, "hello\n")
	line := make([]byte, 10)
	n, _ := conn.Read(line)
	conn.Write(bytes.ToUpper(line[:n]))
}

// closed is a port that refuses: somebody's, who does not listen.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	conn, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	return port
}

// deaf is a port that answers nobody: its queue is full.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
	for silent := 0; silent < 3; silent++ {
		if conn, err := net.DialTimeout("tcp4", "127.0.0.1:"+port, 300*time.Millisecond); err == nil {
			t.Cleanup(func() { conn.Close() })
			silent = -1
		}
	}
	return port
}

// program shows what it was given, and ends with a status of its own.
const program = `env | grep -E '^(PROTO|TCP)' | sort; echo over >&7; cat <&6; exit 3`

// commandLines are words, each behind a bar; fill knows those in capitals.
const commandLines = `
|-R|-H|-l0|HOST|OPEN|PROG
|-RHl0|HOST|OPEN|PROG
|-RHlname|HOST|OPEN|PROG
|-RHl||HOST|OPEN|PROG
|-RHl0|0|OPEN|PROG
|-RHl0||OPEN|PROG
|-RHl0|--|HOST|OPEN|PROG
|-v|-RHl0|HOST|OPEN|PROG
|-vRHl0|HOST|OPEN|true
|-vqRHl0|HOST|OPEN|PROG
|-hRHl0|HOST|OPEN|PROG
|-dRHl0|HOST|OPEN|SOCKET
|-DRHl0|HOST|OPEN|SOCKET
|-DdRHl0|HOST|OPEN|SOCKET
|-RHl0|HOST|OPEN|SOCKET
|-RHl0|HOST|OPEN|sh|-c|kill -9 $$
|-RHl0|HOST|OPEN|echo|-v|--
|-RHl0|HOST|SHUT|PROG
|-qRHl0|HOST|SHUT|PROG
|-vRHl0|HOST|OPEN|/nonexistent
|-qRHl0|HOST|OPEN|nonexistent
|-RHl0|HOST|OPEN|/
|-RHl0|HOST|OPEN|/etc/passwd
|-RHl0|HOST|nosuchservice|PROG
|-RHl0|HOST|0x50|PROG
|-RHl0|HOST|-1|PROG
|-RHl0|HOST|+1|PROG
|-RHl0|HOST| 80|PROG
|-RHl0|HOST|nosuchservice
|-RHl0|HOST||PROG
|-RHl0|HOST|OPEN
|-RHl0|HOST
|-RHl0
||
|-v
|-q
|-x
|-q|-x
|-vx
|-l
|-q|-T
|-:
|-|HOST|OPEN|true
|-RHl0|-i|127.0.0.5|HOST|OPEN|PROG
|-RHl0|-i127.0.0.5|HOST|OPEN|PROG
|-RHl0|-i|0.0.0.0|HOST|OPEN|PROG
|-RHl0|-i|192.0.2.1|HOST|OPEN|PROG
|-vRHl0|-i|192.0.2.1|HOST|OPEN|PROG
|-RHl0|-i|bogus|HOST|OPEN|PROG
|-qRHl0|-i|bogus|HOST|OPEN|PROG
|-RHl0|-i||HOST|OPEN|PROG
|-RHl0|-p|0|HOST|OPEN|PROG
|-RHl0|-p|x|HOST|OPEN|PROG
|-RHl0|-p|OPEN|HOST|OPEN|PROG
|-RHl0|-p|SHUT|-i|127.0.0.1|HOST|OPEN|PROG
|-RHl0|-T|9+9|HOST|OPEN|PROG
|-RHl0|-T|9+|HOST|OPEN|PROG
|-RHl0|-T|9x|HOST|OPEN|PROG
|-RHl0|-T|4294967295+4294967295|HOST|SHUT|PROG
|-RHl0|-t|9|HOST|OPEN|PROG
|-RHl0|-R|-H|-v|-D|-t1|-T5+5|-p0|HOST|OPEN|PROG
`

func TestCommandLines(t *testing.T) {
	t.Parallel()
	d := newDiffer(t)
	open, shut := greeter(t, "0", "127.0.0.1"), closed(t)
	var all sync.WaitGroup
	for row := range strings.Lines(commandLines) {
		args := fill(strings.Split(strings.TrimSuffix(row, "\n"), "|")[1:], d.self, open, shut)
		if len(args) > 0 {
			all.Go(func() { d.compare(t, args...) })
		}
	}
	none := deaf(t)
	for _, limit := range []string{"1", "1+1"} {
		all.Go(func() { d.compare(t, "-RHl0", "-T", limit, "127.0.0.1", none, "true") })
	}
	all.Wait()
}

// fill puts what is there in the place of the words in capitals.
func fill(words []string, self, open, shut string) (args []string) {
	for _, word := range words {
		switch word {
		case "HOST":
			word = "127.0.0.1"
		case "OPEN":
			word = open
		case "SHUT":
			word = shut
		case "SOCKET":
			args, word = append(args, self), "describe-socket"
		case "PROG":
			args, word = append(args, "sh", "-c"), program
		}
		args = append(args, word)
	}
	return args
}

// TestManyCommandLines puts random options together.
func TestManyCommandLines(t *testing.T) {
	t.Parallel()
	d := newDiffer(t)
	open, shut := greeter(t, "0", "127.0.0.1"), closed(t)
	random := rand.New(rand.NewPCG(9, 10))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	var all sync.WaitGroup
	for range 20 {
		words := []string{"-RHl0"}
		for range random.IntN(4) {
			words = append(words, pick("-q", "-Q", "-v", "-v", "-d", "-D", "-vDR", "-lx", "-p0", "-T7", "-T7+8", "-t3", "-i127.0.0.3", "-H", "-R", "-xyz", "-i", "-vq", "-Hl"))
		}
		words = append(words, pick("HOST", "HOST", "0", ""), pick("OPEN", "OPEN", "OPEN", "SHUT", "", "none"), pick("PROG", "PROG", "PROG", "nonexistent", "true"))
		args := fill(words[:len(words)-random.IntN(8)/7], d.self, open, shut)
		all.Go(func() { d.compare(t, args...) })
	}
	all.Wait()
}

// TestHere has what is ours alone.
func TestHere(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &differ{}
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	defer six.Close()
	_, port, _ := net.SplitHostPort(six.Addr().String())
	open := greeter(t, "0", "127.0.0.1")
	for _, row := range []struct {
		args string
		want outcome
	}{
		{"-4RHl0v 127.0.0.1 " + open + " true", outcome{0, "", "tcpclient: connected to 127.0.0.1 port " + open + "\n"}},
		{"-6RHvl0 ::1 " + port + " true", outcome{0, "", "tcpclient: connected to ::1 port " + port + "\n"}},
		{"-6RHvl0 0 " + port + " true", outcome{0, "", "tcpclient: connected to ::1 port " + port + "\n"}},
		{"-46RHl0 ::1 " + port + " printenv TCPREMOTEIP", outcome{0, "::1\n", ""}},
		{"-4RHl0 ::1 " + port + " true", outcome{111, "", "tcpclient: fatal: no IP address for ::1\n"}},
		{"-RHl0 unix:/x " + port + " true", outcome{111, "", "tcpclient: fatal: no IP address for unix:/x\n"}},
		{"-RHl0 127.0.0.1 99999 true", outcome{111, "", "tcpclient: fatal: unable to figure out port number for 99999\n"}},
		{"-RHl0 -p 65536 127.0.0.1 99999 true", outcome{100, "", usage + "\n"}},
		{"-RHl0 -i ::1 127.0.0.1 " + open + " true", outcome{100, "", usage + "\n"}},
	} {
		args := strings.Fields(strings.Replace(row.args, "0v", "0 -v", 1))
		if got := d.run(t, self, args); got != row.want {
			t.Errorf("tcpclient %q:\ngot  %+v\nwant %+v", args, got, row.want)
		}
	}
}

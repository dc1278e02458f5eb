package socket

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inheritor is the environment variable that makes TestInheritor the process
// that takes sockets over.
const inheritor = "NETTOOL_TEST_INHERITOR"

// TestInheritor listens on the address it is given, and says on which sockets, and
// whether it kept the descriptors they came in.
func TestInheritor(t *testing.T) {
	text := os.Getenv(inheritor)
	if text == "" {
		t.Skip("only in a process of its own")
	}
	listeners, err := Listen(testContext(t), mustParse(t, text), Options{KeepAlive: 7e9, Backlog: 5})
	if err != nil {
		fmt.Printf("> %v\n", err)
		return
	}
	for _, l := range listeners {
		idle, _ := unix.GetsockoptInt(fdOf(t, l), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
		fmt.Printf("> %s %s idle=%d\n", l.Addr().Network(), l.Addr(), idle)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := checkListening(0); err == nil {
		t.Error("standard input still listens")
	}
}

// inherit runs TestInheritor with files as its descriptors 3 and up, and returns
// its lines.
func inherit(t *testing.T, address, environment string, stdin *os.File, files ...*os.File) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", environment+` exec "$0" -test.run='^TestInheritor$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", inheritor+"="+address)
	cmd.Stdin, cmd.ExtraFiles = stdin, files
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if said, ok := strings.CutPrefix(line, "> "); ok {
			lines = append(lines, strings.TrimSpace(said))
		}
	}
	return strings.Join(lines, "; ")
}

func fileOf(t *testing.T, l net.Listener) *os.File {
	t.Helper()
	fd, err := duplicate(l)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { f.Close() })
	return f
}

func TestListenInherited(t *testing.T) { // not in parallel: see inNamespace
	path := filepath.Join(t.TempDir(), "s")
	tcp, unixSocket := mustListen(t, "127.0.0.1:0", Options{})[0], mustListen(t, path, Options{})[0]
	conn := mustDial(t, tcp, Options{})
	connected, err := conn.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	files := []*os.File{fileOf(t, tcp), fileOf(t, unixSocket.(*unixListener).UnixListener), connected}
	onTCP, onUnix := fmt.Sprintf("tcp %s idle=7", tcp.Addr()), fmt.Sprintf("unix %s idle=0", path)
	const passed = "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:admin"
	for _, c := range []struct{ address, environment, want string }{
		{"fd:3", "", onTCP},
		{"fd:4", "", onUnix},
		{"fd:5", "", `address "fd:5": descriptor 5: is a socket that does not listen`},
		{"fd:1", "", `address "fd:1": descriptor 1: is not a socket`},
		{"fd:0", "exec <&3;", onTCP},
		{"systemd", passed, onTCP + "; " + onUnix},
		{"systemd", "LISTEN_PID=$$ LISTEN_FDS=1", onTCP},
		{"systemd:web", passed, onTCP},
		{"systemd:admin", passed, onUnix},
		{"systemd:other", passed, `address "systemd:other": no socket of that name was passed: LISTEN_FDNAMES is "web:admin"`},
		{"systemd", "", `address "systemd": no sockets were passed: LISTEN_PID is ""`},
		{"systemd", "LISTEN_PID=1 LISTEN_FDS=2", `address "systemd": the sockets were passed to process 1, not to this one`},
		{"systemd", "LISTEN_PID=$$ LISTEN_FDS=x", `address "systemd": no sockets were passed: LISTEN_FDS is "x"`},
	} {
		if got := inherit(t, c.address, c.environment, nil, files...); got != c.want {
			t.Errorf("%s with %q:\ngot  %s\nwant %s", c.address, c.environment, got, c.want)
		}
	}
	checkPair(t, mustDial(t, unixSocket, Options{}), mustAccept(t, unixSocket))
}

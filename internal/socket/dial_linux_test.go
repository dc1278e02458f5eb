package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
)

func TestDialUnixgramIsAnswered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	peer, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := Dial(testContext(t), mustParse(t, "unixgram:"+path), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	checkDatagrams(t, conn, peer)
}

// TestDialWaitsForUnixBacklog fills the queue of a unix listener: connect(2) says
// EAGAIN until somebody accepts.
func TestDialWaitsForUnixBacklog(t *testing.T) {
	t.Parallel()
	l := mustListen(t, filepath.Join(t.TempDir(), "s"), Options{Backlog: -1})[0]
	mustDial(t, l, Options{})
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(short, mustParse(t, l.Addr().String()), Options{}); exit.Of(err) != exit.ConnectTimeout {
		t.Fatalf("got %v (code %d)", err, exit.Of(err))
	}
	dialled := make(chan error, 1)
	go func() {
		conn, err := DialOne(testContext(t), "unix", l.Addr().String(), Options{})
		if err == nil {
			conn.Close()
		}
		dialled <- err
	}()
	select {
	case err := <-dialled:
		t.Fatalf("with a full queue: %v", err)
	case <-time.After(200 * time.Millisecond): // so long the queue stays full
	}
	mustAccept(t, l)
	if err := <-dialled; err != nil {
		t.Error(err)
	}
}

// inNamespace runs the test in a process with a network of its own and tells
// whether this is that process.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "NETTOOL_TEST_NAMESPACE"
	if os.Getenv(mark) == t.Name() {
		ip(t, "link set lo up")
		return true
	}
	for _, tool := range []string{"unshare", "ip"} {
		if _, err := exec.LookPath(tool); err != nil || os.Getuid() != 0 {
			t.Skip("needs root, unshare and ip")
		}
	}
	// Not in parallel: a process that starts holds copies of the others' sockets
	// until its exec, and a listener that they have closed then still listens.
	cmd := exec.Command("unshare", "-n", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", mark+"="+t.Name())
	out, err := cmd.CombinedOutput()
	switch {
	case strings.Contains(string(out), "unshare failed"):
		t.Skipf("no namespaces here: %s", out)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func ip(t *testing.T, arguments string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
		t.Skipf("ip %s: %v: %s", arguments, err, out)
	}
}

// withDeadNetwork makes 10.9.0.0/24 a network where every packet vanishes.
func withDeadNetwork(t *testing.T) {
	t.Helper()
	ip(t, "link add dead0 type dummy")
	ip(t, "addr add 10.9.0.1/24 dev dead0")
	ip(t, "link set dead0 up")
}

func TestHappyEyeballsPassesADeadAddress(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	withDeadNetwork(t)
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	begin := time.Now()
	conn, err := Addr{Network: "tcp"}.race(testContext(t), addrPorts("10.9.0.2:80", "10.9.0.3:80", l.Addr().String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if took := time.Since(begin); took < 2*attemptDelay {
		t.Errorf("the third candidate was tried after %v", took)
	}
	if conn.RemoteAddr().String() != l.Addr().String() {
		t.Errorf("connected to %v", conn.RemoteAddr())
	}
}

func TestDialTimesOutOnADeadNetwork(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	withDeadNetwork(t)
	ctx, cancel := context.WithTimeout(t.Context(), 12*attemptDelay) // the others have long been tried
	defer cancel()
	refused := closedPort(t, "127.0.0.1")
	_, err := Addr{Network: "tcp"}.race(ctx, addrPorts("10.9.0.2:80", refused, "192.0.2.1:80"), Options{})
	if err == nil {
		t.Fatal("connected")
	}
	for _, want := range []string{
		"connect 10.9.0.2:80: timed out after ",
		fmt.Sprintf("connect %s: connection refused after ", refused),
		"connect 192.0.2.1:80: network is unreachable after ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%s", want, err)
		}
	}
	if exit.Of(err) != exit.ConnectTimeout {
		t.Errorf("code %d", exit.Of(err))
	}
}

// TestDeadPeer lets the network vanish under two connections, one idle and one
// with data that nobody acknowledges.
func TestDeadPeer(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	idle := mustDial(t, l, Options{DeadPeer: minDeadPeer})
	busy := mustDial(t, l, Options{DeadPeer: minDeadPeer})
	mustAccept(t, l)
	mustAccept(t, l)
	ip(t, "link set lo down")
	if _, err := busy.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"idle": idle, "busy": busy} {
		if err := conn.SetReadDeadline(time.Now().Add(25 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 1))
		if !errors.Is(err, unix.ETIMEDOUT) && !errors.Is(err, unix.EHOSTUNREACH) && !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestListenWithoutIPv6(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil {
		t.Skip(err)
	}
	listeners := mustListen(t, "0", Options{})
	if len(listeners) != 1 || !listeners[0].Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("%d listeners, first %v", len(listeners), listeners[0].Addr())
	}
	if _, err := Listen(testContext(t), mustParse(t, "[::1]:0"), Options{}); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("[::1]:0: %v", err)
	}
	l := mustListen(t, ":0", Options{})[0]
	mustDial(t, l, Options{})
}

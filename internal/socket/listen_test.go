package socket

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nettool/internal/exit"
)

func TestListenLoopback(t *testing.T) {
	t.Parallel()
	for range 20 {
		listeners := mustListen(t, "0", Options{})
		for _, l := range listeners {
			addr := l.Addr().(*net.TCPAddr)
			if !addr.IP.IsLoopback() || addr.Port != int(portOf(listeners[0].Addr())) {
				t.Fatalf("listeners %v and %v", listeners[0].Addr(), addr)
			}
			checkPair(t, mustDial(t, l, Options{}), mustAccept(t, l))
		}
		closeAll(listeners)
	}
}

func TestListenPort0TakenInOtherFamily(t *testing.T) {
	t.Parallel()
	taken := mustListen(t, "[::1]:0", Options{})[0]
	port := portOf(taken.Addr())
	alone := netip.MustParseAddr("127.77.93.1") // of 127.0.0.1 the port may be a client's
	targets := []target{{network: "tcp4", ip: alone, port: port}, {network: "tcp6", ip: taken.Addr().(*net.TCPAddr).AddrPort().Addr(), port: port}}
	open := func(t1 target) (net.Listener, error) { return listenOne(testContext(t), t1, Options{}) }
	_, err := openOnce(targets, open, net.Listener.Addr)
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v", err)
	}
	free, err := openOnce(targets[:1], open, net.Listener.Addr)
	if err != nil {
		t.Fatalf("the first listener was not closed: %v", err)
	}
	closeAll(free)
}

func TestListenErrors(t *testing.T) {
	t.Parallel()
	taken := mustListen(t, "127.0.0.1:0", Options{})[0].Addr().String()
	for _, c := range []struct {
		address, want string
		code          exit.Code
		hint          string
	}{
		{taken, "listen " + taken + ": address already in use", exit.Unreachable, "another socket"},
		{"192.0.2.1:0", "listen 192.0.2.1:0: cannot assign requested address", exit.Unreachable, ""},
		{"udp:x:7000", `address "udp:x:7000": needs a stream`, exit.Usage, ""},
		{"unixgram:/x", `address "unixgram:/x": needs a stream`, exit.Usage, ""},
		{"127.0.0.1:no-such-service", `unknown service "no-such-service"`, exit.Usage, ""},
		{"fd:987", `address "fd:987": descriptor 987: is not open`, exit.Usage, ""},
		{"/nonexistent/x", `listen unix:/nonexistent/x: no such file or directory`, exit.Unreachable, ""},
	} {
		_, err := Listen(testContext(t), mustParse(t, c.address), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || exit.Of(err) != c.code {
			t.Errorf("%s: got %v (code %d), want %s (code %d)", c.address, err, exit.Of(err), c.want, c.code)
			continue
		}
		if hint := err.(*exit.Error).Hint; !strings.HasPrefix(hint, c.hint) {
			t.Errorf("%s: hint %q", c.address, hint)
		}
	}
}

func TestListenErrorHintsAtPrivilegedPort(t *testing.T) {
	err := listenError("127.0.0.1:80", 80, &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EACCES)})
	if err.Error() != "listen 127.0.0.1:80: permission denied" || err.(*exit.Error).Hint != "ports below 1024 need CAP_NET_BIND_SERVICE; try 8080" {
		t.Errorf("got %v, hint %q", err, err.(*exit.Error).Hint)
	}
}

func TestOptionsCheck(t *testing.T) {
	for _, bad := range []Options{{DeadPeer: 1999 * time.Millisecond}, {DeadPeer: maxDeadPeer + 1}, {DSCP: 64}} {
		if _, err := Listen(testContext(t), mustParse(t, "127.0.0.1:0"), bad); exit.Of(err) != exit.Usage {
			t.Errorf("Listen with %+v: %v", bad, err)
		}
		if _, err := Dial(testContext(t), mustParse(t, "127.0.0.1:1"), bad); exit.Of(err) != exit.Usage {
			t.Errorf("Dial with %+v: %v", bad, err)
		}
	}
}

func TestKeepAliveTimers(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		o    Options
		want keepAlive
	}{
		{Options{}, keepAlive{on: true, idle: 60 * s}},
		{Options{KeepAlive: -1}, keepAlive{idle: s}},
		{Options{KeepAlive: 90 * s}, keepAlive{on: true, idle: 90 * s}},
		{Options{DeadPeer: 2 * s}, keepAlive{true, s, s, 2 * s}},
		{Options{DeadPeer: 7 * s}, keepAlive{true, s, s, 7 * s}},
		{Options{DeadPeer: 8 * s}, keepAlive{true, 2 * s, 2 * s, 8 * s}},
		{Options{DeadPeer: 3500 * time.Millisecond}, keepAlive{true, s, s, 3500 * time.Millisecond}},
		{Options{DeadPeer: 400 * s, KeepAlive: 10 * s}, keepAlive{true, 10 * s, 98 * s, 400 * s}},
		{Options{DeadPeer: 400 * s}, keepAlive{true, 60 * s, 85 * s, 400 * s}},
		{Options{DeadPeer: 40 * s, KeepAlive: -1}, keepAlive{true, 10 * s, 10 * s, 40 * s}},
	} {
		if got := c.o.keepAlive(); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.o, got, c.want)
		}
	}
}

// TestDeadPeerBounds follows the kernel's timers for an idle connection whose
// peer has vanished: it ends between DeadPeer and a second and a quarter more.
func TestDeadPeerBounds(t *testing.T) {
	t.Parallel()
	for _, idle := range []time.Duration{-1, 0, time.Second, 7 * time.Second} {
		for d := minDeadPeer; d <= maxDeadPeer; d += d/100 + 37*time.Millisecond {
			k := Options{DeadPeer: d, KeepAlive: idle}.keepAlive()
			end := k.idle + k.interval // the first probe is not answered
			for end < k.userTimeout {
				end += k.interval
			}
			if end < d || end > d+d/4+time.Second || k.idle > max(d/4, time.Second) || k.interval > max(d/4, time.Second) {
				t.Fatalf("dead peer %v, keepalive %v: %+v ends it after %v", d, idle, k, end)
			}
		}
	}
}

func TestUnixListener(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l := mustListen(t, path, Options{Mode: 0o600})[0]
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	checkPair(t, mustDial(t, l, Options{}), mustAccept(t, l))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the socket file is still there: %v", err)
	}
}

func TestUnixListenerKeepsWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l := mustListen(t, path, Options{})[0]
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustListen(t, path, Options{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's socket file is gone: %v", err)
	}
}

func TestUnixListenerRefusesOtherFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, live := filepath.Join(folder, "file"), filepath.Join(folder, "live")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustListen(t, live, Options{})
	for path, want := range map[string]string{
		file:   "listen unix:" + file + ": exists and is not a socket",
		folder: "listen unix:" + folder + ": exists and is not a socket",
		live:   "listen unix:" + live + ": address already in use",
	} {
		_, err := Listen(testContext(t), mustParse(t, path), Options{})
		if err == nil || err.Error() != want || exit.Of(err) != exit.Unreachable {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file has %q, %v", text, err)
	}
}

// stale leaves a socket file that nobody listens on.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestUnixListenerOneStarterWins(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		path := filepath.Join(t.TempDir(), "s")
		if round%2 == 0 {
			stale(t, path)
		}
		var won atomic.Pointer[net.Listener]
		var wins, losses atomic.Int32
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				listeners, err := Listen(testContext(t), Addr{Network: "unix", Path: path}, Options{})
				switch {
				case err == nil:
					wins.Add(1)
					won.Store(&listeners[0])
				case errors.Is(err, syscall.EADDRINUSE):
					losses.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if wins.Load() != 1 || losses.Load() != 7 {
			t.Fatalf("%d won, %d lost", wins.Load(), losses.Load())
		}
		mustDial(t, *won.Load(), Options{})
		(*won.Load()).Close()
	}
}

func TestUnixOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	own := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	mustListen(t, path, Options{Owner: own})
	for text, want := range map[string]string{
		"no-such-user": `socket owner "no-such-user": unknown user "no-such-user"`,
		"0:no-such":    `socket owner "0:no-such": unknown group "no-such"`,
		"0:":           `socket owner "0:": the form is user, user:group or :group`,
	} {
		_, err := Listen(testContext(t), mustParse(t, path+"2"), Options{Owner: text})
		if err == nil || err.Error() != want || exit.Of(err) != exit.Usage {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if own, err := lookupOwner("root:root"); err != nil || own != (owner{0, 0}) {
		t.Errorf("root:root is %v, %v", own, err)
	}
}

func TestSocketFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	stale(t, path)
	file, err := newSocketFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := file.remove(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is still there: %v", err)
	}
}

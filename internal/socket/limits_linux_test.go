package socket

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
)

// The longest and the largest parts of an address, and those beyond.
func TestAddressLimits(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("n", n) }
	for text, ok := range map[string]bool{
		"/" + long(106): true, "/" + long(107): false,
		"unix:@" + long(107): true, "unix:@" + long(108): false,
		long(253) + ":1": true, long(254) + ":1": false,
		"x:65535": true, "x:65536": false, "x:99999999999999999999": false,
		"fd:1048576": true, "fd:1048577": false, "fd:99999999999999999999": false,
	} {
		if _, err := Parse(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The longest path that is taken is one that the kernel takes.
func TestLongestPath(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "s") // shorter than t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := folder + "/" + strings.Repeat("s", 107-len(folder)-1)
	l := mustListen(t, path, Options{})[0]
	checkPair(t, mustDial(t, l, Options{}), mustAccept(t, l))
}

// How many descriptors are passed is believed within reason.
func TestPassedCount(t *testing.T) {
	t.Parallel()
	for count, ok := range map[string]bool{"1": true, "65536": true, "65537": false, "0": false, "-1": false, "x": false} {
		env := map[string]string{"LISTEN_PID": strconv.Itoa(os.Getpid()), "LISTEN_FDS": count}
		fds, err := passedFDs("", func(name string) string { return env[name] })
		if (err == nil) != ok {
			t.Errorf("%s descriptors: %v", count, err)
		}
		if n, _ := strconv.Atoi(count); ok && (len(fds) != n || slices.Min(fds) != 3) {
			t.Errorf("%s descriptors: %d, from %d", count, len(fds), slices.Min(fds))
		}
	}
}

// Linux takes keepalive times of 32767 s at most.
func TestLongestKeepAlive(t *testing.T) {
	t.Parallel()
	const most = 32767 * time.Second
	if got := (Options{KeepAlive: 1000 * time.Hour}).keepAlive(); got.idle != most {
		t.Errorf("got %+v", got)
	}
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	mustDial(t, l, Options{KeepAlive: 1000 * time.Hour})
}

// Ports below 1024 need a privilege, 1024 does not.
func TestPrivilegedPorts(t *testing.T) {
	t.Parallel()
	denied := os.NewSyscallError("bind", syscall.EACCES)
	for port, hint := range map[uint16]string{1: "try 8001", 1023: "try 9023", 1024: "", 8080: ""} {
		err := listenError("x", port, denied).(*exit.Error)
		if !strings.HasSuffix(err.Hint, hint) || (err.Hint == "") != (hint == "") {
			t.Errorf("port %d: hint %q", port, err.Hint)
		}
	}
}

// TestLockedFolder: one that somebody keeps locked holds up neither a listener's
// start nor its end for long.
func TestLockedFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "s")
	lock, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	l := mustListen(t, path, Options{})[0]
	if _, err := Listen(t.Context(), mustParse(t, path), Options{}); exit.Of(err) != exit.Unreachable {
		t.Errorf("a second listener: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

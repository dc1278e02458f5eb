package landlock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// inside runs f in a thread that is in a domain with these rules, and ends then.
func inside(t *testing.T, rules Rules, f func()) {
	t.Helper()
	if Version() == 0 {
		t.Skip("the kernel has no Landlock")
	}
	set, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	done := make(chan error)
	go apart(func() {
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		if err == nil {
			err = set.Enforce()
		}
		if err == nil {
			f()
		}
		done <- err
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// apart runs f in a thread that ends with it, and is not the leader of the thread
// group: the leader's domain is what kill(2) takes for the process's.
func apart(f func()) {
	runtime.LockOSThread() // and never unlocked
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		apart(f) // in another thread: this one is taken
	}()
	<-done
}

// denied checks that something was not permitted.
func denied(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EPERM) {
		t.Errorf("%s: %v", what, err)
	}
}

func allowed(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// bind binds a TCP socket to a free port. A listener of package net would speak
// MPTCP, which the rules are not about.
func bind() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

// TestNothing: without rules nothing can be opened, made, bound or connected.
func TestNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	inside(t, Rules{}, func() {
		_, err := os.ReadFile("/etc/passwd")
		denied(t, "read", err)
		denied(t, "make", os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		denied(t, "make a directory", os.Mkdir(filepath.Join(dir, "dir"), 0o700))
		if Version() < tcp {
			return
		}
		_, err = net.Dial("tcp", l.Addr().String())
		denied(t, "connect", err)
		denied(t, "bind", bind())
	})
}

// TestRules: what they name can be used, and nothing beside it.
func TestRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read, write, file := filepath.Join(dir, "read"), filepath.Join(dir, "write"), filepath.Join(dir, "file")
	os.Mkdir(read, 0o700)
	os.Mkdir(write, 0o700)
	os.WriteFile(file, []byte("text"), 0o600)
	os.WriteFile(filepath.Join(read, "inner"), []byte("text"), 0o600)
	rules := Rules{Read: []string{read}, Write: []string{write, file}, TCP: true}
	inside(t, rules, func() {
		_, err := os.ReadFile(filepath.Join(read, "inner"))
		allowed(t, "read", err)
		_, err = os.ReadDir(read)
		allowed(t, "list", err)
		denied(t, "write where only reading is allowed", os.WriteFile(filepath.Join(read, "inner"), nil, 0o600))
		allowed(t, "make", os.WriteFile(filepath.Join(write, "new"), nil, 0o600))
		allowed(t, "move", os.Rename(filepath.Join(write, "new"), filepath.Join(write, "newer")))
		allowed(t, "remove", os.Remove(filepath.Join(write, "newer")))
		allowed(t, "write a file", os.WriteFile(file, nil, 0o600))
		denied(t, "remove a file", os.Remove(file))
		_, err = os.ReadDir(dir)
		denied(t, "list", err)
		allowed(t, "bind", bind())
	})
}

// TestParted: what is in a domain cannot signal what is not, nor what is in
// another domain of the same rules.
func TestParted(t *testing.T) {
	t.Parallel()
	if Version() < scopes || !signalsFixed() {
		t.Skip("signals are not parted")
	}
	var siblings [2]*exec.Cmd
	for i := range siblings {
		inside(t, Rules{Write: []string{"/"}}, func() {
			siblings[i] = exec.Command("sleep", "1000")
			allowed(t, "start", siblings[i].Start())
		})
		defer siblings[i].Wait()
		defer siblings[i].Process.Kill()
	}
	inside(t, Rules{Write: []string{"/"}}, func() {
		cmd := exec.Command("sh", "-c", `for pid in $PPID $1 $2; do kill -0 $pid 2>/dev/null && echo $pid; done; echo none`,
			"sh", fmt.Sprint(siblings[0].Process.Pid), fmt.Sprint(siblings[1].Process.Pid))
		out, err := cmd.Output()
		if string(out) != "none\n" || err != nil {
			t.Errorf("can be signalled: %q, %v", out, err)
		}
	})
}

// TestPaths: one that is not there is named.
func TestPaths(t *testing.T) {
	t.Parallel()
	if Version() == 0 {
		t.Skip("the kernel has no Landlock")
	}
	_, err := New(Rules{Read: []string{"/nonexistent"}})
	if pathError, ok := errors.AsType[*os.PathError](err); !ok || pathError.Path != "/nonexistent" || pathError.Err != unix.ENOENT {
		t.Errorf("error: %v", err)
	}
}

// TestHandled: no version is asked for what it does not know.
func TestHandled(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]unix.LandlockRulesetAttr{
		1: {Handled_access_fs: 1<<13 - 1},
		2: {Handled_access_fs: 1<<14 - 1},
		3: {Handled_access_fs: 1<<15 - 1},
		4: {Handled_access_fs: 1<<15 - 1, Handled_access_net: 3},
		5: {Handled_access_fs: 1<<16 - 1, Handled_access_net: 3},
	} {
		if got := handled(version, &Rules{}); got != want {
			t.Errorf("version %d: %+v", version, got)
		}
	}
	if got := handled(4, &Rules{TCP: true}); got.Handled_access_net != 0 {
		t.Errorf("TCP is free, but: %+v", got)
	}
}

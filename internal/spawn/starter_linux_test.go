package spawn

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listFiles is a script that names the descriptors it has, without the one that
// ls lists them with.
const listFiles = `ls -l /proc/self/fd | sed -n 's/.* \([0-9]* -> .*\)/\1/p' | grep -v '/proc/[0-9]*/fd$' | sed 's/^1 -> pipe.*/1 -> out/; s/:.*//'`

// TestHeld: how many descriptors are open decides how processes start, and not
// what they get.
func TestHeld(t *testing.T) {
	for _, test := range []struct {
		held int
		want way
	}{{0, direct}, {1000, apart}, {8000, apart}} {
		t.Run(fmt.Sprint(test.held), func(t *testing.T) {
			var s Starter
			t.Cleanup(s.Close)
			hold(t, test.held)
			want := "0 -> /dev/null\n1 -> out\n2 -> /dev/null\n"
			if got := output(t, &s, listFiles); got != want {
				t.Errorf("the child has\n%swant\n%s", got, want)
			}
			if got := s.lastWay(); got != test.want {
				t.Errorf("started by %s, want %s", got, test.want)
			}
		})
	}
}

// TestFiles: the child has what it is given, in that order, and nothing else.
func TestFiles(t *testing.T) {
	t.Parallel()
	s := always(t)
	high, err := unix.FcntlInt(uintptr(devNull(t)), unix.F_DUPFD_CLOEXEC, 700)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(high) })
	pair := socketpair(t)
	for _, starter := range []*Starter{s, {Crowd: -1}, nil} {
		got := output(t, starter, listFiles, pair[0], -1, high, pair[0])
		want := "0 -> /dev/null\n1 -> out\n2 -> /dev/null\n3 -> socket\n5 -> /dev/null\n6 -> socket\n"
		if got != want {
			t.Errorf("the child has\n%swant\n%s", got, want)
		}
	}
	if got := s.lastWay(); got != apart {
		t.Errorf("started by %s", got)
	}
}

// TestNoFiles: a process without descriptors, and with one that is not open.
func TestNoFiles(t *testing.T) {
	t.Parallel()
	s := always(t)
	pid, pidfd, err := s.Start("/bin/true", []string{"true"}, Attr{})
	if err != nil {
		t.Fatal(err)
	}
	if status := reap(t, pid, pidfd); status.ExitStatus() != 0 || s.lastWay() != apart {
		t.Errorf("%v, by %s", status, s.lastWay())
	}
	if _, _, err := s.Start("/bin/true", []string{"true"}, Attr{Files: []int{1 << 30}}); err != unix.EBADF {
		t.Errorf("with a descriptor that is not open: %v", err)
	}
	pid, pidfd, err = s.Start("/bin/false", []string{"false"}, Attr{})
	if err != nil {
		t.Fatal(err)
	}
	if status := reap(t, pid, pidfd); status.ExitStatus() != 1 || s.lastWay() != apart {
		t.Errorf("%v, by %s: one mistake must not end the thread", status, s.lastWay())
	}
}

// TestSession: a child is ours, in a session of its own if it is to be, and its
// environment is what it was given.
func TestSession(t *testing.T) {
	t.Parallel()
	s := always(t)
	if got := output(t, s, "echo $A $HOME; ps -o ppid= -p $$ 2>/dev/null || grep PPid /proc/$$/status"); !strings.HasPrefix(got, "b\n") ||
		!strings.HasSuffix(strings.TrimSpace(got), fmt.Sprint(unix.Getpid())) {
		t.Errorf("the child says %q; our pid is %d", got, unix.Getpid())
	}
	for _, setsid := range []bool{true, false} {
		pair := socketpair(t)
		pid, pidfd, err := s.Start("/bin/cat", []string{"cat"}, Attr{Files: []int{pair[1], pair[1], pair[1]}, Setsid: setsid})
		if err != nil {
			t.Fatal(err)
		}
		if sid, err := unix.Getsid(pid); err != nil || (sid == pid) != setsid {
			t.Errorf("session %d of process %d, %v; want its own: %v", sid, pid, err, setsid)
		}
		unix.Shutdown(pair[0], unix.SHUT_WR)
		if status := reap(t, pid, pidfd); status.ExitStatus() != 0 {
			t.Errorf("cat: %v", status)
		}
	}
}

// TestPidfd: it is the process's, and closed on exec.
func TestPidfd(t *testing.T) {
	t.Parallel()
	for _, s := range []*Starter{always(t), nil} {
		pair := socketpair(t)
		pid, pidfd, err := s.Start("/bin/cat", []string{"cat"}, Attr{Files: []int{pair[1], pair[1], pair[1]}})
		if err != nil {
			t.Fatal(err)
		}
		if flags, err := unix.FcntlInt(uintptr(pidfd), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
			t.Errorf("flags %#x, %v", flags, err)
		}
		fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 0); n != 0 || err != nil {
			t.Errorf("the process has ended: %d, %v", n, err)
		}
		if err := unix.PidfdSendSignal(pidfd, unix.SIGTERM, nil, 0); err != nil {
			t.Error(err)
		}
		if status := reap(t, pid, pidfd); status.Signal() != unix.SIGTERM {
			t.Errorf("ended with %v", status)
		}
	}
}

// TestErrors: they are those of a direct start, and leave nothing behind.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := always(t)
	null := devNull(t)
	for path, want := range map[string]error{
		"/nonexistent/program": unix.ENOENT,
		"/dev/null":            unix.EACCES,
		"/dev/null/program":    unix.ENOTDIR,
		"/bin":                 unix.EACCES,
		"nul\x00byte":          unix.EINVAL,
	} {
		for _, starter := range []*Starter{s, nil} {
			for _, files := range [][]int{nil, {null}, {-1, null, null, null}} {
				pid, pidfd, err := starter.Start(path, []string{path}, Attr{Files: files})
				if err != want || pid != 0 || pidfd != -1 {
					t.Errorf("Start(%q) with %d = %d, %d, %v; want %v", path, files, pid, pidfd, err, want)
				}
			}
		}
	}
}

// TestConcurrent: many goroutines share a Starter.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := always(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 5 {
				pid, pidfd, err := s.Start("/bin/sh", []string{"sh", "-c", fmt.Sprintf("exit %d", 10*i+j)}, Attr{})
				if err != nil {
					t.Error(err)
				} else if status := reap(t, pid, pidfd); status.ExitStatus() != 10*i+j {
					t.Errorf("%d ended with %v", 10*i+j, status)
				}
			}
		})
	}
	group.Wait()
}

// TestListener: a listener that is closed is closed, and what the thread has
// does not hold anything open. It is alone, since a fork from the shared table
// holds everything until its exec.
func TestListener(t *testing.T) {
	t.Parallel()
	if alone(t, "listener") == "" {
		return
	}
	early := listen(t)
	s := always(t)
	output(t, s, "true")
	late := listen(t)
	output(t, s, "true")
	checkClosing(t, early)
	checkClosing(t, late)
	pair := socketpair(t)
	output(t, s, "true", pair[1])
	unix.Close(pair[1])
	if got := slurp(t, pair[0]); got != "" {
		t.Errorf("got %q", got)
	}
}

// listen returns a listener with an address that nobody takes when it is closed.
func listen(t *testing.T) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: t.TempDir() + "/socket", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	t.Cleanup(func() { l.Close() })
	return l
}

// checkClosing closes a listener, which must refuse connections from then on.
func checkClosing(t *testing.T, l net.Listener) {
	t.Helper()
	l.Close()
	conn, err := net.Dial("unix", l.Addr().String())
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("a closed listener: %v", err)
	}
}

// TestTable: the thread has what the runtime polls with, standard error, and a
// socket, twice, in the first places; and the same later.
func TestTable(t *testing.T) {
	t.Parallel()
	s := always(t)
	first := table(t, s)
	kinds := map[string]int{}
	for _, fd := range first {
		number, kind, _ := strings.Cut(fd, " ")
		if number == "2" {
			kind = "standard error"
		}
		kind = strings.TrimRight(kind, ":[0123456789]") // of sockets there are many
		kinds[kind]++
	}
	want := map[string]int{"anon_inode:[eventpoll": 1, "anon_inode:[eventfd": 1, "standard error": 1, "socket": 2}
	if !maps.Equal(kinds, want) {
		t.Errorf("the thread has %q, want %v", first, want)
	}
	hold(t, 100)
	output(t, s, "true", devNull(t))
	s.Start("/nonexistent/program", nil, Attr{Files: []int{devNull(t)}})
	if later := table(t, s); !slices.Equal(first, later) {
		t.Errorf("the thread has\n%q, and later\n%q", first, later)
	}
}

// table are the descriptors of the Starter's thread.
func table(t *testing.T, s *Starter) (names []string) {
	t.Helper()
	inside(t, s, func() {
		fds, err := openFiles("/proc/thread-self/fd")
		if err != nil {
			t.Error(err)
		}
		for _, fd := range fds {
			kind, _ := os.Readlink(fmt.Sprint("/proc/thread-self/fd/", fd))
			names = append(names, fmt.Sprint(fd, " ", kind))
		}
	})
	return names
}

// TestClose: the thread is gone, and processes start nevertheless.
func TestClose(t *testing.T) {
	t.Parallel()
	s := always(t)
	output(t, s, "true")
	var tid int
	inside(t, s, func() { tid = unix.Gettid() })
	if tid == unix.Getpid() {
		t.Error("the thread is the leader of its group")
	}
	s.Close()
	s.Close()
	awaitThread(t, tid)
	output(t, s, "true")
	if got := s.lastWay(); got != direct {
		t.Errorf("closed, it starts by %s", got)
	}
	var unused *Starter
	unused.Close()
}

// awaitThread waits for the end of a thread of this process.
func awaitThread(t *testing.T, tid int) {
	t.Helper()
	for end := time.Now().Add(patience * time.Millisecond); unix.Tgkill(unix.Getpid(), tid, 0) != unix.ESRCH; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("thread %d is still there", tid)
		}
	}
}

// TestBroken: when the thread ends, or its descriptors are gone, processes start
// directly.
func TestBroken(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(s *Starter){
		"ended": func(s *Starter) { s.thread.do(runtime.Goexit) },
		"its socket is shut": func(s *Starter) {
			s.thread.do(func() { unix.Shutdown(s.thread.courier.there, unix.SHUT_RDWR) })
		},
		"its socket is closed": func(s *Starter) {
			s.thread.do(func() { unix.Close(s.thread.courier.there) })
		},
		"its socket is something else": func(s *Starter) {
			s.thread.do(func() { unix.Dup3(2, s.thread.courier.there, unix.O_CLOEXEC) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := always(t)
			output(t, s, "true")
			s.mu.Lock()
			harm(s)
			s.mu.Unlock()
			for range 2 {
				if got := output(t, s, "echo hello"); got != "hello\n" || s.lastWay() != direct {
					t.Errorf("got %q by %s", got, s.lastWay())
				}
			}
			if s.thread != nil || !s.never {
				t.Error("the thread was not given up: what it did not take, the next process would get")
			}
		})
	}
}

// TestDress: processes inherit what one thread wears, and this process does not.
func TestDress(t *testing.T) {
	t.Parallel()
	var s Starter
	t.Cleanup(s.Close)
	wrong := errors.New("wrong")
	if err := s.Dress(func() error { return wrong }); err != wrong {
		t.Errorf("Dress: %v", err)
	}
	const ask = "umask; grep NoNewPrivs /proc/self/status"
	bare := output(t, &s, ask)
	err := s.Dress(func() error {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
		unix.Umask(0o123)
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := output(t, &s, ask); got != "0123\nNoNewPrivs:\t1\n" {
			t.Errorf("the process has %q", got)
		}
	}
	if _, _, err := s.Start("/nonexistent/program", []string{"program"}, Attr{}); err != unix.ENOENT {
		t.Errorf("a program that does not exist: %v", err)
	}
	if got := output(t, nil, ask); got != bare {
		t.Errorf("without the thread a process has %q, and had %q", got, bare)
	}
	s.Close()
	if _, _, err := s.Start("/bin/true", []string{"true"}, Attr{}); !errors.Is(err, errUnable) {
		t.Errorf("after Close: %v", err)
	}
}

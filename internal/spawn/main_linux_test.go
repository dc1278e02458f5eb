package spawn

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// aloneEnv says that a test runs again, in a process of its own: its value is for
// the test.
const aloneEnv = "SPAWN_TEST_ALONE"

// The main goroutine stays in the leader's thread, for those that ask for it.
func init() {
	if os.Getenv(aloneEnv) == "leader" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) // what somebody left open for this process
	if os.Getenv(aloneEnv) == "leader" {
		if err := checkLeader(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// alone runs the calling test again in a process of its own, where alone returns
// value. Otherwise the value is empty, and the test has passed or failed.
func alone(t *testing.T, value string) string {
	t.Helper()
	if value := os.Getenv(aloneEnv); value != "" {
		return value
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(cmd.Environ(), aloneEnv+"="+value, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("alone: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("skipped:\n%s", out)
	}
	return ""
}

// String names a way for the tests, which say what they want and got.
func (w way) String() string { return [...]string{"direct", "close_range", "unshare"}[w] }

// lastWay is how the last process was started.
func (s *Starter) lastWay() way { return way(s.last.Load()) }

// always is a Starter that uses its thread from the first process on.
func always(t *testing.T) *Starter {
	t.Helper()
	s := &Starter{Crowd: 1}
	t.Cleanup(s.Close)
	return s
}

// inside runs f in the thread of a Starter, which it makes if there is none.
func inside(t *testing.T, s *Starter, f func()) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready() || !s.thread.do(f) {
		t.Fatal("no thread")
	}
}

// hold opens n sockets until the end of the test, or skips it.
func hold(t testing.TB, n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < uint64(n)+200 {
		t.Skipf("needs %d descriptors, and the hard limit is %d", n, limit.Max)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var held []int
	t.Cleanup(func() { closeAll(held) })
	for range n {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, fd)
	}
}

func socketpair(t testing.TB) [2]int {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(pair[:]) })
	return pair
}

// devNull is a descriptor of /dev/null, until the end of the test.
func devNull(t testing.TB) int {
	t.Helper()
	fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// patience bounds what should happen at once, in milliseconds.
const patience = 60_000

// await waits until a descriptor has something to read, or its end.
func await(t testing.TB, fd int) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, patience)
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil {
			t.Fatalf("nothing happens on descriptor %d: %v", fd, err)
		}
		return
	}
}

// reap waits for a process to end, and closes its pidfd.
func reap(t testing.TB, pid, pidfd int) unix.WaitStatus {
	t.Helper()
	if pidfd >= 0 {
		await(t, pidfd)
		unix.Close(pidfd)
	}
	var status unix.WaitStatus
	for {
		got, err := unix.Wait4(pid, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if got != pid || err != nil {
			t.Fatalf("wait4(%d): %d, %v", pid, got, err)
		}
		return status
	}
}

// output is what a shell script, started by s with these descriptors besides its
// standard output, says until it ends.
func output(t testing.TB, s *Starter, script string, files ...int) string {
	t.Helper()
	pair := socketpair(t)
	null := devNull(t)
	files = append([]int{null, pair[1], null}, files...)
	pid, pidfd, err := s.Start("/bin/sh", []string{"sh", "-c", script}, Attr{Env: []string{"A=b"}, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if status := reap(t, pid, pidfd); status.ExitStatus() != 0 {
		t.Fatalf("sh -c %q: %v", script, status)
	}
	unix.Shutdown(pair[1], unix.SHUT_WR) // our copy would keep it open
	return slurp(t, pair[0])
}

func slurp(t testing.TB, fd int) string {
	t.Helper()
	var all []byte
	for buf := make([]byte, 4096); ; {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return string(all)
		}
		all = append(all, buf[:n]...)
	}
}

package child_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// doomedParent is a server of two children, one with a connection to the
// address in its standard input, that waits to be killed. It says their pids.
func doomedParent() {
	var addr string
	fmt.Scan(&addr)
	s, err := spawner(handoff.Config{Handler: "echo"})
	if err != nil {
		panic(err)
	}
	var pids []string
	for _, dial := range []bool{true, false} {
		c, err := s.Spawn()
		if err != nil {
			panic(err)
		}
		pids = append(pids, strconv.Itoa(c.PID))
		if dial {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				panic(err)
			}
			if err := give(c, conn.(*net.TCPConn)); err != nil {
				panic(err)
			}
		}
	}
	fmt.Println(strings.Join(pids, " ")) // their Ready messages are never read
	for {
		unix.Pause() // select{} would be a deadlock to the Go runtime, which looks for one unless there is cgo
	}
}

// TestParentKilled: idle children end by themselves, a busy one finishes its
// connection first.
func TestParentKilled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command("/proc/self/exe", "doomed-parent")
	cmd.Stdin = strings.NewReader(l.Addr().String() + "\n")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var busy, idle int
	if _, err := fmt.Fscan(out, &busy, &idle); err != nil {
		t.Fatal(err)
	}
	gone, finished := pidfd(t, idle), pidfd(t, busy)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	client := conn.(*net.TCPConn)
	echoes(t, client, "before")
	cmd.Process.Kill()
	cmd.Process.Wait()
	if !over(t, gone, patience) {
		t.Error("the idle child lives on")
	}
	echoes(t, client, "after")
	if over(t, finished, 0) {
		t.Error("the busy child has ended")
	}
	client.CloseWrite()
	if rest, err := io.ReadAll(client); len(rest) > 0 || err != nil {
		t.Errorf("got %q, %v; want EOF", rest, err)
	}
	if !over(t, finished, patience) {
		t.Error("the busy child lives on after its connection")
	}
	if said, err := io.ReadAll(out); strings.TrimSpace(string(said)) != "" || err != nil {
		t.Errorf("the children say %q, %v", said, err)
	}
}

// pidfd waits for the end of a process that is not our child.
func pidfd(t *testing.T, pid int) int {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		unix.Close(fd)
	})
	return fd
}

func over(t *testing.T, pidfd int, wait time.Duration) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(wait/time.Millisecond))
		if !errors.Is(err, unix.EINTR) {
			return n == 1
		}
	}
}

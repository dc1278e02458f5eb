package child_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLean holds connections with children of the production binary: few
// threads, little memory of their own, in those that are new and in those that
// have had many connections.
func TestLean(t *testing.T) {
	t.Parallel()
	const before, held = 500, 8
	port, opened := serve(t, buildOnce(t))
	for i := range before {
		client := dial(t, port)
		if i%100 == 0 { // a child keeps a large buffer, too
			go client.Write(make([]byte, 300_000))
			io.CopyN(io.Discard, client, 300_000)
		}
		echoes(t, client, "hello")
		client.Close()
		<-opened
	}
	var allThreads, allPrivate []int
	for range held {
		echoes(t, dial(t, port), "hello")
		pid := <-opened
		threads, private := status(t, pid, "Threads"), memory(t, pid)
		allThreads, allPrivate = append(allThreads, threads), append(allPrivate, private)
		t.Logf("child %d: %d threads, %d KiB private", pid, threads, private)
		if threads > 5 || private > 2048 { // the runtime starts three threads, and on a busy machine one more, or now and then two
			t.Errorf("child %d has %d threads and %d KiB private memory", pid, threads, private)
		}
		if status(t, pid, "THP_enabled") != 0 {
			t.Errorf("child %d takes huge pages where the system has them", pid)
		}
		if comm(pid) != "nettool" {
			t.Errorf("ps shows the child as %q", comm(pid))
		}
	}
	slices.Sort(allThreads)
	slices.Sort(allPrivate)
	if threads, private := allThreads[held/2], allPrivate[held/4]; threads > 4 || private > 1024 { // a thread more on a busy machine is memory, too
		t.Errorf("a child in the middle has %d threads, and a quarter of them %d KiB private memory or less, want at most 4 and 1024", threads, private)
	}
}

// serve starts a server that echoes, and returns its port and the pids that its
// connections are opened with.
func serve(t *testing.T, binary string) (port string, opened <-chan int) {
	t.Helper()
	server := exec.Command(binary, "serve", "-v", "-1", "--spare", "1", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	pids := make(chan int, 1000)
	go readOpened(log, pids)
	t.Cleanup(func() {
		server.Process.Kill()
		for range pids { // until the log ends
		}
		server.Wait()
	})
	if _, err := fmt.Fscan(out, &port); err != nil {
		t.Fatal(err)
	}
	return port, pids
}

// readOpened finds the pids in a server's open events.
func readOpened(log io.Reader, pids chan<- int) {
	defer close(pids)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), ": open ") {
			_, rest, _ := strings.Cut(lines.Text(), " pid=")
			var pid int
			fmt.Sscan(rest, &pid)
			pids <- pid
		}
	}
}

func dial(t *testing.T, port string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// status is a number of /proc/PID/status.
func status(t *testing.T, pid int, key string) int {
	t.Helper()
	return number(t, fmt.Sprintf("/proc/%d/status", pid), key)
}

// memory is a process's private memory in KiB: pages that it has written.
func memory(t *testing.T, pid int) int {
	t.Helper()
	return number(t, fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Private_Dirty")
}

func number(t *testing.T, file, key string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(value)[0])
			return n
		}
	}
	t.Fatalf("no %s in %s", key, file)
	return 0
}

func comm(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(b))
}

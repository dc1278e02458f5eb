//go:build !portable

package pool

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/sandbox"
)

// TestMain lets the test binary be its own child, as the product is: see
// testChild.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args, []string{"nettool", "child"}) {
		os.Exit(testChild())
	}
	goleak.VerifyTestMain(m)
}

// testChild is a child that does what the first byte of a connection asks for.
func testChild() int {
	p, err := handoff.Open()
	if err != nil || p.Config.Handler == "stillborn" {
		return 5
	}
	if p.Config.Handler == "boxed" && sandbox.Enter(sandbox.Needs{}) != nil {
		return 6
	}
	if p.Config.Handler == "silent" {
		select {}
	}
	if p.Ready() != nil {
		return 2
	}
	if p.Config.Handler == "stopped" {
		stop()
	}
	for {
		_, fd, err := p.Next()
		if err == io.EOF && p.Config.Handler == "deaf" {
			time.Sleep(time.Hour)
		}
		if err == io.EOF {
			return 0
		}
		if err != nil {
			return 3
		}
		p.Page.Begin()
		if p.Config.Handler == "hangs" {
			time.Sleep(time.Hour)
		}
		word := make([]byte, 1)
		unix.Read(fd, word)
		p.Page.Activity().Hear()
		in, out := p.Page.Counters()
		in.Add(1)
		switch word[0] {
		case 'k':
			unix.Kill(os.Getpid(), unix.SIGKILL)
		case 'x':
			return 9
		case 'h':
			time.Sleep(time.Hour)
		case 'A':
			attack(fd)
		case 'e':
			os.Stderr.WriteString("===\nfirst wo")
			os.Stderr.WriteString("rds\x1b\nclose id=1\nlast")
			return 9
		case 'E':
			for os.Stderr.WriteString("endless\n"); ; {
				os.Stderr.WriteString(strings.Repeat("x", 4096))
			}
		case 'z': // what follows, as messages
			babble(fd)
		case 'f':
			for range 1000 {
				flood()
			}
			time.Sleep(time.Hour)
		}
		unix.Write(fd, word)
		out.Add(1)
		if p.Finish(handoff.Result{Ended: handoff.Now(), Reason: handoff.Quit, BytesIn: 1, BytesOut: 1}, fd) != nil {
			return 4
		}
	}
}

// stop stops this process at once. A signal to the process may go to another of its threads,
// and this one takes a connection before it is stopped.
func stop() {
	runtime.LockOSThread()
	unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
}

// attack says, to the descriptor of a connection, what a child that was taken over
// can do to its parent, and to the sibling whose pid comes by the connection.
func attack(conn int) {
	text := make([]byte, 16)
	n, _ := unix.Read(conn, text)
	var sibling int
	fmt.Sscan(string(text[:n]), &sibling)
	try := func(what string, err error) {
		if err == nil {
			unix.Write(conn, []byte(what+" "))
		}
	}
	for _, pid := range []int{os.Getppid(), sibling} {
		pidfd, err := unix.PidfdOpen(pid, 0)
		try("pidfd_open", err)
		for fd := range 32 {
			_, err = unix.PidfdGetfd(pidfd, fd, 0)
			try("pidfd_getfd", err)
		}
		try("kill", unix.Kill(pid, 0))
		try("ptrace", unix.PtraceSeize(pid))
		_, err = unix.Open(fmt.Sprintf("/proc/%d/mem", pid), unix.O_RDWR, 0)
		try("mem", err)
	}
	_, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	try("open", err)
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	try("socket", err)
	try("exec", unix.Exec("/bin/true", []string{"true"}, nil))
}

// flood sends the parent a message that it has not asked for.
func flood() {
	done, _ := handoff.Append(nil, &handoff.Done{Seq: 1})
	unix.Sendmsg(handoff.LinkFD, done, nil, nil, unix.MSG_NOSIGNAL)
}

// babble sends the parent what a connection brings, as messages of the length that
// stands before each, with a descriptor if that is odd.
func babble(conn int) {
	text, _ := io.ReadAll(os.NewFile(uintptr(conn), "conn"))
	for len(text) > 0 {
		n := min(int(text[0])/2, len(text)-1)
		var rights []byte
		if text[0]%2 == 1 {
			rights = unix.UnixRights(0)
		}
		unix.Sendmsg(handoff.LinkFD, text[1:1+n], rights, nil, unix.MSG_NOSIGNAL)
		text = text[1+n:]
	}
	os.Exit(0)
}

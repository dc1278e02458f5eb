package handoff

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be its own child, as the product is: see
// testChild.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args, []string{"nettool", "child"}) {
		os.Exit(testChild())
	}
	goleak.VerifyTestMain(m)
}

// testChild is a child that does what its configuration and its connections ask
// for: this package's side of a child without the product's.
func testChild() int {
	p, err := Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if p.Config.Handler == "stillborn" {
		return 5
	}
	if p.Ready() != nil {
		return 2
	}
	for {
		c, fd, err := p.Next()
		if err == io.EOF {
			return 0
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 3
		}
		p.Page.Begin()
		result := testHandler(p, c, fd)
		if err := p.Finish(result, fd); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 4
		}
	}
}

// testHandler handles a connection; the remote address says how.
func testHandler(p *Parent, c *Conn, fd int) Result {
	say := func(text string) {
		n, _ := unix.Write(fd, []byte(text))
		_, out := p.Page.Counters()
		out.Add(int64(n))
	}
	switch c.Remote {
	case "facts":
		say(facts())
	case "die":
		say("dying\n")
		unix.Kill(os.Getpid(), unix.SIGKILL)
	case "hello":
		say(fmt.Sprintf("%d %s %s\n", c.ID, c.Local, strings.Join(c.Env, ",")))
	case "speak":
		os.Stderr.WriteString(strings.Repeat("x", int(c.ID)))
	case "twice": // claims one connection too many
		p.Page.Finish(Result{})
	}
	return Result{Ended: Now(), RTT: 6, Retrans: 7, Reason: Quit, Error: "eight"}
}

// facts are what a process can tell about itself.
func facts() string {
	var b strings.Builder
	sid, _ := unix.Getsid(0)
	fmt.Fprintf(&b, "args %q\nleader %v\n", os.Args, sid == os.Getpid())
	for _, kv := range os.Environ() {
		fmt.Fprintf(&b, "env %s\n", kv)
	}
	names, _ := os.ReadDir("/proc/self/fd")
	for _, n := range names {
		var fd int
		fmt.Sscan(n.Name(), &fd)
		target, err := os.Readlink("/proc/self/fd/" + n.Name())
		flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && !strings.HasPrefix(target, "/proc/") && !strings.HasPrefix(target, "/sys/") && !strings.HasPrefix(target, "anon_inode:") {
			kind, _, _ := strings.Cut(target, ":")
			fmt.Fprintf(&b, "fd %d cloexec %v %s\n", fd, flags&unix.FD_CLOEXEC != 0, kind)
		}
	}
	return b.String()
}

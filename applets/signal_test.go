package applets_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

var signals = map[string]syscall.Signal{
	"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "QUIT": syscall.SIGQUIT, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

// cmdSignal sends a signal: signal NAME TERM.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: signal NAME SIGNAL…")
	}
	for _, name := range args[1:] {
		sig, ok := signals[name]
		if !ok {
			ts.Fatalf("unknown signal %s", name)
		}
		ts.Check(lookup(ts, args[0]).cmd.Process.Signal(sig))
	}
}

// cmdExits waits for a process to end and checks how: exits NAME CODE, or
// exits NAME SIGKILL for a death by signal.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: exits NAME CODE|SIGNAL")
	}
	p := lookup(ts, args[0])
	select {
	case <-p.exited:
	case <-time.After(patience):
		ts.Fatalf("%s has not ended", args[0])
	}
	got := ending(p.cmd.ProcessState)
	if got != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], got, args[1])
	}
}

// ending is how a process ended: its exit code, or the signal's short name.
func ending(state *os.ProcessState) string {
	ws := state.Sys().(syscall.WaitStatus)
	if !ws.Signaled() {
		return strconv.Itoa(ws.ExitStatus())
	}
	for name, sig := range signals {
		if sig == ws.Signal() {
			return "SIG" + name
		}
	}
	if ws.Signal() == syscall.SIGPIPE {
		return "SIGPIPE"
	}
	return ws.Signal().String()
}

// cmdHalt ends a server with SIGTERM and expects exit 0: halt NAME.
func cmdHalt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: halt NAME")
	}
	cmdSignal(ts, false, []string{args[0], "TERM"})
	cmdExits(ts, false, []string{args[0], "0"})
}

// cmdStdinOf types a line into a process started with stdin=pipe, or closes
// its standard input: stdinof NAME TEXT; stdinof NAME close.
func cmdStdinOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stdinof NAME TEXT|close")
	}
	p := lookup(ts, args[0])
	if p.stdin == nil {
		ts.Fatalf("%s was not started with stdin=pipe", args[0])
	}
	if args[1] == "close" {
		ts.Check(p.stdin.Close())
		return
	}
	_, err := p.stdin.WriteString(args[1] + "\n")
	ts.Check(err)
}

// cmdKillPID sends SIGKILL to processes that a server of ours started:
// killpid "PID…".
func cmdKillPID(ts *testscript.TestScript, neg bool, args []string) {
	for i, pid := range pidsOf(ts, args) {
		err := syscall.Kill(pid, syscall.SIGKILL)
		if i > 0 && err == syscall.ESRCH {
			continue // the end of the one before was its end, too
		}
		ts.Check(err)
	}
}

func pidsOf(ts *testscript.TestScript, args []string) []int {
	var pids []int
	for _, word := range strings.Fields(strings.Join(args, " ")) {
		pid, err := strconv.Atoi(word)
		ts.Check(err)
		if pid > 1 {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		ts.Fatalf("no pids in %q", args)
	}
	return pids
}

// cmdGone waits until processes have ended: gone "PID…". With ! they must be
// alive now.
func cmdGone(ts *testscript.TestScript, neg bool, args []string) {
	for _, pid := range pidsOf(ts, args) {
		alive := syscall.Kill(pid, 0) == nil
		if neg {
			if !alive {
				ts.Fatalf("process %d is gone", pid)
			}
			continue
		}
		if alive {
			awaitEnd(ts, pid)
		}
	}
}

// awaitEnd waits on a pidfd, which becomes readable at the process's end.
func awaitEnd(ts *testscript.TestScript, pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	ts.Check(err)
	defer unix.Close(fd)
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(patience/time.Millisecond))
		if err == unix.EINTR {
			continue
		}
		if n == 0 {
			ts.Fatalf("process %d has not ended", pid)
		}
		return
	}
}

// cmdChildrenOf sets $VAR to the pids of the child processes of NAME:
// childrenof NAME VAR.
func cmdChildrenOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: childrenof NAME VAR")
	}
	ts.Setenv(args[1], strings.Join(childrenOf(ts, args[0]), " "))
}

// childrenOf lists the child processes of a process by pid.
func childrenOf(ts *testscript.TestScript, name string) (pids []string) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", lookup(ts, name).cmd.Process.Pid))
	ts.Check(err)
	for _, task := range tasks {
		b, _ := os.ReadFile(task) // a thread may be gone
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

// cmdChildren waits until a process has so many child processes: children NAME N.
func cmdChildren(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: children NAME N")
	}
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		n := len(childrenOf(ts, args[0]))
		if strconv.Itoa(n) == args[1] {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s has %d children, want %s", args[0], n, args[1])
		}
	}
}

// cmdConnPID waits for the open event of a connection (the server needs -v) and
// sets $VAR to the process that has it: connpid NAME ID VAR.
func cmdConnPID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: connpid NAME ID VAR")
	}
	line := `open id=` + args[1] + ` .*pid=([0-9]+)`
	cmdWaitlog(ts, false, []string{args[0], line})
	ts.Setenv(args[2], regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())[1])
}

// cmdDescriptors sets $VAR to how many descriptors a process has open; with a
// number in place of VAR it waits until it is at most that many: descriptors
// NAME VAR|MOST.
func cmdDescriptors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: descriptors NAME VAR|MOST")
	}
	dir := filepath.Join("/proc", strconv.Itoa(lookup(ts, args[0]).cmd.Process.Pid), "fd")
	count := func() int {
		entries, err := os.ReadDir(dir)
		ts.Check(err)
		return len(entries)
	}
	most, err := strconv.Atoi(args[1])
	if err != nil {
		ts.Setenv(args[1], strconv.Itoa(count()))
		return
	}
	for deadline := time.Now().Add(patience); count() > most; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s has %d descriptors open, want at most %d", args[0], count(), most)
		}
	}
}

// cmdNextDescriptor sets $VAR to a limit of descriptors that leaves a process
// none: the lowest number that is not in use. With "holes" it is the number after
// the highest in use, which leaves what is not in use below.
//
//	nextdescriptor NAME VAR [holes]
func cmdNextDescriptor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nextdescriptor NAME VAR [holes]")
	}
	dir := filepath.Join("/proc", strconv.Itoa(lookup(ts, args[0]).cmd.Process.Pid), "fd")
	next := 0
	for n := range 64 { // what our own starter left open may be far above
		if _, err := os.Lstat(filepath.Join(dir, strconv.Itoa(n))); err == nil {
			next = n + 1
		} else if len(args) == 2 {
			break
		}
	}
	ts.Setenv(args[1], strconv.Itoa(next))
}

// cmdDeaf waits until a server has no listening TCP socket: deaf NAME. Dialling
// its port would not tell, since the port may be another's by now.
func cmdDeaf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deaf NAME")
	}
	pid := lookup(ts, args[0]).cmd.Process.Pid
	for end := time.Now().Add(patience); listens(ts, pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s still listens", args[0])
		}
	}
}

// listens reports whether a process has a socket in state TCP_LISTEN (proc(5),
// /proc/net/tcp).
func listens(ts *testscript.TestScript, pid int) bool {
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	ts.Check(err)
	own := map[string]bool{}
	for _, fd := range fds {
		link, _ := os.Readlink(fd) // it may be closed by now
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if errors.Is(err, os.ErrNotExist) {
			return false // the process is gone
		}
		ts.Check(err)
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" && own[f[9]] {
				return true
			}
		}
	}
	return false
}

// cmdAwaitPort waits until a process listens that is a server of another tool:
// awaitport NAME.
func cmdAwaitPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaitport NAME")
	}
	p := lookup(ts, args[0])
	for end := time.Now().Add(patience); !listens(ts, p.cmd.Process.Pid); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.exited:
			ts.Fatalf("%s has ended:\n%s", args[0], p.text())
		default:
		}
		if time.Now().After(end) {
			ts.Fatalf("%s does not listen:\n%s", args[0], p.text())
		}
	}
}

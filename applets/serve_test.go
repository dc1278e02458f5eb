package applets_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// serveCommands are the script commands of the tests of serve: clients that do
// one thing at a time, crowds of clients, and looks at processes.
func serveCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"dial":       cmdDial,
		"say":        cmdSay,
		"hear":       cmdHear,
		"hangup":     cmdHangup,
		"crowd":      cmdCrowd,
		"childrenof": cmdChildrenOf,
		"children":   cmdChildren,
		"killpid":    cmdKillPID,
		"gone":       cmdGone,
		"logged":     cmdLogged,
		"connpid":    cmdConnPID,
		"deaf":       cmdDeaf,
		"resets":     cmdResets,
	}
}

type dialsKey string

// dialTo connects to an address as nettool writes it: HOST:PORT or unix:PATH.
func dialTo(addr string) (net.Conn, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return net.DialTimeout("unix", path, patience)
	}
	return net.DialTimeout("tcp", addr, patience)
}

// cmdDial opens a connection: dial NAME ADDRESS. With ! it must be refused: for
// unix sockets, as a port may be another's by now.
func cmdDial(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: dial NAME ADDRESS")
	}
	c, err := dialTo(args[1])
	if neg {
		if err == nil {
			c.Close()
			ts.Fatalf("%s accepts connections", args[1])
		}
		return
	}
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	dials(ts)[args[0]] = c
}

func dials(ts *testscript.TestScript) map[string]net.Conn {
	return ts.Value(dialsKey("")).(map[string]net.Conn)
}

func dialed(ts *testscript.TestScript, name string) net.Conn {
	c := dials(ts)[name]
	if c == nil {
		ts.Fatalf("no connection %q", name)
	}
	return c
}

// unquote turns a script word into bytes: \n, \r and \xNN mean what they mean
// in Go.
func unquote(ts *testscript.TestScript, word string) []byte {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(word, `"`, `\"`) + `"`)
	ts.Check(err)
	return []byte(s)
}

// cmdSay sends bytes: say NAME TEXT.
func cmdSay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: say NAME TEXT")
	}
	_, err := dialed(ts, args[0]).Write(unquote(ts, args[1]))
	ts.Check(err)
}

// cmdHear expects bytes, or the end: hear NAME TEXT; hear NAME eof; hear NAME
// fin (and no reset comes behind it, which Read would not tell); hear NAME reset;
// hear NAME end (whichever it is).
func cmdHear(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hear NAME TEXT|eof|fin|reset|end")
	}
	c := dialed(ts, args[0])
	want := unquote(ts, args[1])
	switch args[1] {
	case "eof", "fin", "reset", "end":
		rest, err := io.ReadAll(c)
		reset := errors.Is(err, syscall.ECONNRESET)
		if len(rest) > 0 || (err != nil && !reset) || (args[1] == "reset") != reset && args[1] != "end" {
			ts.Fatalf("heard %q, %v; want %s", rest, err, args[1])
		}
		if args[1] == "fin" && resetFollows(ts, c) {
			ts.Fatalf("a reset comes behind the end")
		}
		return
	}
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if err != nil || !bytes.Equal(got, want) {
		ts.Fatalf("heard %q, %v; want %q", got[:n], err, want)
	}
}

// resetFollows reports whether a connection whose end was read is reset within a
// moment.
func resetFollows(ts *testscript.TestScript, c net.Conn) bool {
	raw, err := c.(syscall.Conn).SyscallConn()
	ts.Check(err)
	n := 0
	ts.Check(raw.Control(func(fd uintptr) {
		for n, err = -1, unix.EINTR; err == unix.EINTR; {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, 100) // POLLERR and POLLHUP always count
		}
	}))
	ts.Check(err)
	return n > 0
}

// cmdHangup ends a connection: hangup NAME write (half-close), close or abort
// (a reset).
func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hangup NAME write|close|abort")
	}
	c := dialed(ts, args[0])
	switch args[1] {
	case "write":
		ts.Check(c.(interface{ CloseWrite() error }).CloseWrite())
	case "abort":
		ts.Check(c.(*net.TCPConn).SetLinger(0))
		ts.Check(c.Close())
	default:
		ts.Check(c.Close())
	}
}

// cmdCrowd has N clients at the same time send bytes of their own through an
// echo server, and expect them back, then the end: crowd N ADDRESS [SIZE].
func cmdCrowd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: crowd N ADDRESS [SIZE]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	size := 64
	if len(args) > 2 {
		size, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	failures := make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := echoOnce(args[1], i, size); err != nil {
				failures <- fmt.Errorf("client %d: %w", i, err)
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v (%d of %d clients failed)", err, len(failures)+1, n)
	}
}

// echoOnce is one client of a crowd.
func echoOnce(addr string, id, size int) error {
	c, err := dialTo(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	sent := bytes.Repeat(fmt.Appendf(nil, "client %06d.", id), size/14+1)[:size]
	go func() { // the answer comes while we still send
		c.Write(sent)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("got %d bytes back that differ from the %d sent", len(got), len(sent))
	}
	return nil
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

// cmdKillPID sends SIGKILL to processes that a server of ours started:
// killpid "PID…".
func cmdKillPID(ts *testscript.TestScript, neg bool, args []string) {
	for _, pid := range pidsOf(ts, args) {
		ts.Check(syscall.Kill(pid, syscall.SIGKILL))
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

// cmdLogged copies what a process has written to standard error so far to a
// file: logged NAME FILE.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logged NAME FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lookup(ts, args[0]).text()), 0o644))
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

// cmdResets has N clients, one after the other, take from a program that writes
// on and on what fits into their receive buffers, and reset the connection. The
// closing line of each must say so, and no more bytes than could have arrived:
//
//	resets NAME N
func cmdResets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: resets NAME N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n {
		remote, received := fillAndReset(ts, ts.Getenv(args[0]+"_ADDR"))
		line := `close .*remote=` + regexp.QuoteMeta(remote) + ` .*reason=([a-z_]+) bytes_in=0 bytes_out=([0-9]+) `
		cmdWaitlog(ts, false, []string{args[0], line})
		m := regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())
		if out, _ := strconv.Atoi(m[2]); m[1] != "reset" || out > received+1<<16 {
			ts.Fatalf("the client reset after %d bytes: %s", received, m[0])
		}
	}
}

// fillAndReset connects with a small receive buffer, waits until it is full, and
// resets. It returns the client's address and how much it had.
func fillAndReset(ts *testscript.TestScript, addr string) (remote string, received int) {
	d := net.Dialer{Timeout: patience, Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<10) })
		return err
	}}
	c, err := d.Dial("tcp", addr)
	ts.Check(err)
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	ts.Check(err)
	for same := 0; same < 5; time.Sleep(10 * time.Millisecond) {
		var info *unix.TCPInfo
		raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
		ts.Check(err)
		if n := int(info.Bytes_received); n == 0 || n != received {
			received, same = n, 0
		} else {
			same++
		}
	}
	ts.Check(c.(*net.TCPConn).SetLinger(0))
	return c.LocalAddr().String(), received
}

package applets_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/internal/pty"
)

// processes are what a script has started. All are in one process group, and so
// is what they start themselves and do not put elsewhere, as a server's next image.
type processes struct {
	named  map[string]*process
	leader *exec.Cmd // keeps the group's number ours, and kills the group when it is let go
	stay   io.Closer // lets go of the leader, as the end of our own process does
}

// group is the number of the process group.
func (ps *processes) group() (int, error) {
	if ps.leader == nil {
		leader := exec.Command("sh", "-c", "read end; kill -KILL 0")
		leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		stay, err := leader.StdinPipe()
		if err == nil {
			err = leader.Start()
		}
		if err != nil {
			return 0, err
		}
		ps.leader, ps.stay = leader, stay
	}
	return ps.leader.Process.Pid, nil
}

// end kills them all.
func (ps *processes) end() {
	if ps.leader == nil {
		return
	}
	syscall.Kill(-ps.leader.Process.Pid, syscall.SIGKILL)
	ps.stay.Close()
	ps.leader.Wait()
	for _, p := range ps.named {
		p.stderr.Close()
		<-p.exited
	}
}

// process is a program that a script started in the background.
type process struct {
	cmd    *exec.Cmd
	stdin  *os.File // our end of its standard input when the script types into it
	stderr *os.File // our end of its standard error
	seat   *seat    // the terminal at which it sits, or nil
	silent chan struct{}
	exited chan struct{}

	stalled sync.Mutex // held while its standard error is not read

	mu      sync.Mutex
	changed *sync.Cond
	log     bytes.Buffer // its standard error so far
	closed  bool
}

// Write appends to the log.
func (p *process) Write(b []byte) (int, error) {
	p.stalled.Lock()
	defer p.stalled.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.Write(b)
	if p.seat != nil {
		p.seat.vt.Write(b)
	}
	p.changed.Broadcast()
	return len(b), nil
}

// follow reads the standard error to its end, which comes when nobody has it any
// more: neither the process nor what it has started.
func (p *process) follow() {
	io.Copy(p, p.stderr)
	p.mu.Lock()
	p.closed = true
	p.changed.Broadcast()
	p.mu.Unlock()
	close(p.silent)
}

// wait reaps the process. Its last words are in the log then, unless something
// that it has left running may still speak.
func (p *process) wait() {
	p.cmd.Wait()
	select {
	case <-p.silent:
	case <-time.After(2 * time.Second):
	}
	close(p.exited)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func lookup(ts *testscript.TestScript, name string) *process {
	p := sceneOf(ts).processes.named[name]
	if p == nil {
		ts.Fatalf("no process %q", name)
	}
	return p
}

// start runs a program in the background; a serving one has a --ready-fd 3.
func start(ts *testscript.TestScript, name string, args []string, serving bool) {
	ps := sceneOf(ts).processes
	group, err := ps.group()
	ts.Check(err)
	p := &process{silent: make(chan struct{}), exited: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	var stdin, stdout string
	for len(args) > 0 {
		if v, ok := strings.CutPrefix(args[0], "stdin="); ok {
			stdin = v
		} else if v, ok := strings.CutPrefix(args[0], "stdout="); ok {
			stdout = v
		} else {
			break
		}
		args = args[1:]
	}
	p.cmd = exec.Command(resolve(ts, args[0]), args[1:]...)
	p.cmd.Args[0] = args[0]
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environ(ts)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	closers := redirect(ts, p, stdin, stdout)
	var ready *os.File
	if serving {
		r, w, err := os.Pipe()
		ts.Check(err)
		p.cmd.ExtraFiles = []*os.File{w}
		closers = append(closers, w)
		ready = r
	}
	err = p.cmd.Start()
	for _, f := range closers {
		f.Close()
	}
	ts.Check(err)
	ps.named[name] = p
	ts.Setenv(name+"_PID", strconv.Itoa(p.cmd.Process.Pid))
	go p.follow()
	go p.wait()
	if serving {
		ready.SetReadDeadline(time.Now().Add(patience))
		awaitReady(ts, name, p, ready)
	}
}

// redirect opens the files of a start command; they are closed once it runs.
func redirect(ts *testscript.TestScript, p *process, stdin, stdout string) (closers []*os.File) {
	r, w, err := os.Pipe()
	ts.Check(err)
	p.stderr, p.cmd.Stderr = r, w
	closers = append(closers, w)
	switch stdin {
	case "":
	case "pipe":
		r, w, err := os.Pipe()
		ts.Check(err)
		p.cmd.Stdin, p.stdin = r, w
		closers = append(closers, r)
		ts.Defer(func() { w.Close() })
	default:
		f, err := os.Open(ts.MkAbs(stdin))
		ts.Check(err)
		p.cmd.Stdin = f
		closers = append(closers, f)
	}
	if stdout != "" {
		f, err := os.OpenFile(ts.MkAbs(stdout), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
		ts.Check(err)
		p.cmd.Stdout = f
		closers = append(closers, f)
	}
	return closers
}

// environ is the script's environment, which os/exec does not know.
func environ(ts *testscript.TestScript) []string {
	env := []string{}
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "WORK", "GORACE", "GOCOVERDIR", "NO_COLOR", "TERM"} {
		if v := ts.Getenv(key); v != "" {
			env = append(env, key+"="+v)
		}
	}
	return env
}

// resolve finds a program in the script's PATH.
func resolve(ts *testscript.TestScript, program string) string {
	if strings.Contains(program, "/") {
		return ts.MkAbs(program)
	}
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, program)
		if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 && !st.IsDir() {
			return path
		}
	}
	ts.Fatalf("%s: not found in PATH", program)
	return ""
}

// cmdStart starts a program in the background:
//
//	start NAME [stdin=FILE|pipe] [stdout=FILE] PROGRAM [ARG…]
//
// When PROGRAM is tcpserve, or nettool serve, it gets --ready-fd 3, and start
// waits until it listens; $NAME_ADDR and $NAME_PORT say where, and $NAME_UDP where it takes
// datagrams.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME [stdin=FILE|pipe] [stdout=FILE] PROGRAM [ARG…]")
	}
	command, serving := withReadyFD(args[1:])
	start(ts, args[0], command, serving)
}

// withReadyFD adds --ready-fd 3 to a server's command line.
func withReadyFD(line []string) ([]string, bool) {
	var options, args []string
	for i, arg := range line {
		if !strings.HasPrefix(arg, "stdin=") && !strings.HasPrefix(arg, "stdout=") {
			options, args = line[:i], line[i:]
			break
		}
	}
	at := 0
	switch {
	case len(args) > 0 && args[0] == "tcpserve":
		at = 1
	case len(args) > 1 && args[0] == "nettool" && args[1] == "serve":
		at = 2
	default:
		return line, false
	}
	return slices.Concat(options, args[:at], []string{"--ready-fd", "3"}, args[at:]), true
}

func awaitReady(ts *testscript.TestScript, name string, p *process, ready *os.File) {
	defer ready.Close()
	buf := make([]byte, 4096)
	n, _ := ready.Read(buf)
	lines := strings.Split(string(buf[:n]), "\n")
	addr := strings.TrimSpace(lines[0])
	if addr == "" {
		ts.Fatalf("%s did not become ready", name)
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "udp:") {
			ts.Setenv(name+"_UDP", line)
		}
	}
	ts.Setenv(name+"_ADDR", addr)
	if _, port, err := net.SplitHostPort(strings.TrimPrefix(addr, "udp:")); err == nil {
		ts.Setenv(name+"_PORT", port)
	}
}

// cmdWithin is start, after a shell has set limits: within 'ulimit -n 64' NAME
// tcpserve ARG….
func cmdWithin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: within COMMAND NAME tcpserve ARG…")
	}
	command, serving := withReadyFD(args[2:])
	start(ts, args[1], append([]string{"sh", "-c", args[0] + ` && exec "$0" "$@"`}, command...), serving)
}

// cmdStatus runs a program and checks how it ends, exactly (exec knows only
// success and failure):
//
//	status CODE|SIGNAL [stdin=FILE] [stdout=FILE] PROGRAM [ARG…]
//
// Its output can then be checked in stdout FILE and in the file "stderr".
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE|SIGNAL [stdin=FILE] [stdout=FILE] PROGRAM [ARG…]")
	}
	want, args := args[0], args[1:]
	start(ts, "status", args, false)
	cmdExits(ts, false, []string{"status", want})
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(lookup(ts, "status").text()), 0o644))
}

// cmdTerminal runs a program whose standard error is a terminal of 100 columns,
// and whose standard output is one too with "both":
//
//	terminal stderr|both PROGRAM [ARG…]
//
// What the terminal shows is in the file "screen", and what went to a standard
// output that is no terminal in "out". The program must succeed.
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || args[0] != "stderr" && args[0] != "both" {
		ts.Fatalf("usage: terminal stderr|both PROGRAM [ARG…]")
	}
	master, slave, err := pty.Open(100, 30)
	ts.Check(err)
	defer master.Close()
	cmd := exec.Command(resolve(ts, args[1]), args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	var out, screen bytes.Buffer
	cmd.Stderr, cmd.Stdout = slave, &out
	if args[0] == "both" {
		cmd.Stdout = slave
	}
	err = cmd.Start()
	slave.Close()
	ts.Check(err)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	io.Copy(&screen, master) // ends with EIO when the last slave is closed
	err = cmd.Wait()
	timer.Stop()
	ts.Check(os.WriteFile(ts.MkAbs("screen"), screen.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o644))
	if neg != (err != nil) {
		ts.Fatalf("%s: %v; the screen:\n%s", strings.Join(args[1:], " "), err, screen.String())
	}
}

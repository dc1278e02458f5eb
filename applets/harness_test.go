package applets_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of the harness. It is a safety net: tests wait for
// events, and fail when one does not come.
const patience = time.Minute

// silence is how long a log must not grow before it is said that a line will not
// come. Nothing that scripts wait for in a log is that far from the line before.
const silence = 20 * time.Second

// scriptCmd is a command of the script language.
type scriptCmd = func(ts *testscript.TestScript, neg bool, args []string)

// commands are the words that scripts have beyond testscript's own.
func commands() map[string]scriptCmd {
	all := map[string]scriptCmd{
		"start":   cmdStart,
		"waitlog": cmdWaitlog,
		"signal":  cmdSignal,
		"exits":   cmdExits,
		"halt":    cmdHalt,
		"status":  cmdStatus,
		"stdinof": cmdStdinOf,
	}
	maps.Copy(all, connectCommands())
	maps.Copy(all, probeCommands())
	maps.Copy(all, serveCommands())
	maps.Copy(all, admissionCommands())
	maps.Copy(all, lifecycleCommands())
	maps.Copy(all, modelCommands())
	return all
}

// condition answers [tool:NAME] (is a program installed?), [root], and in the
// scripts of all models the name of the model.
func (m model) condition(cond string) (bool, error) {
	if name, ok := strings.CutPrefix(cond, "tool:"); ok {
		_, err := exec.LookPath(name)
		if err != nil && os.Getenv("CI") == "true" {
			return false, fmt.Errorf("%s is missing, and CI tests need it", name)
		}
		return err == nil, nil
	}
	if cond == "root" {
		return os.Geteuid() == 0, nil
	}
	if m != "" && slices.Contains(models, model(cond)) {
		return m == model(cond), nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

type processesKey struct{}

// setup gives a script its table of background processes and ends them with it.
// When the script has failed, what they have said last is shown.
func setup(env *testscript.Env) error {
	ps := &processes{named: map[string]*process{}}
	env.Values[processesKey{}] = ps
	env.Values[dialsKey("")] = map[string]net.Conn{}
	env.Setenv("CI", os.Getenv("CI"))
	env.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // else a second for every process under -race
	env.Defer(func() {
		if env.T().(interface{ Failed() bool }).Failed() {
			for name, p := range ps.named {
				lines := strings.SplitAfter(p.text(), "\n")
				env.T().Log("last lines of "+name+":\n", strings.Join(lines[max(0, len(lines)-20):], ""))
			}
		}
		ps.end()
	})
	return nil
}

// processes are what a script has started. All are in one process group, and so
// is what they start themselves and do not put elsewhere, as a server's next image.
type processes struct {
	named  map[string]*process
	leader *exec.Cmd // waits until the end, so that the group's number is nobody else's
	stay   io.Closer // ends the leader
}

// group is the number of the process group.
func (ps *processes) group() (int, error) {
	if ps.leader == nil {
		leader := exec.Command("cat")
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

func lookup(ts *testscript.TestScript, name string) *process {
	p := ts.Value(processesKey{}).(*processes).named[name]
	if p == nil {
		ts.Fatalf("no process %q", name)
	}
	return p
}

// cmdStart starts a program in the background:
//
//	start NAME [stdin=FILE|pipe] [stdout=FILE] PROGRAM [ARG…]
//
// When PROGRAM is tcpserve, or nettool serve, it gets --ready-fd 3, and start
// waits until it listens; $NAME_ADDR and $NAME_PORT say where.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME [stdin=FILE|pipe] [stdout=FILE] PROGRAM [ARG…]")
	}
	command, serving := withReadyFD(args[1:])
	start(ts, args[0], command, serving)
}

// start runs a program in the background; a serving one has a --ready-fd 3.
func start(ts *testscript.TestScript, name string, args []string, serving bool) {
	ps := ts.Value(processesKey{}).(*processes)
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
	addr := strings.TrimSpace(strings.SplitN(string(buf[:n]), "\n", 2)[0])
	if addr == "" {
		ts.Fatalf("%s did not become ready", name)
	}
	ts.Setenv(name+"_ADDR", addr)
	if _, port, err := net.SplitHostPort(addr); err == nil {
		ts.Setenv(name+"_PORT", port)
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

// cmdWaitlog waits until the standard error of NAME matches REGEXP:
//
//	waitlog NAME REGEXP [COUNT]
//
// With !, it asserts that it does not match now.
func cmdWaitlog(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: waitlog NAME REGEXP [COUNT]")
	}
	p, re, count := lookup(ts, args[0]), regexp.MustCompile("(?m)"+args[1]), 1
	if len(args) > 2 {
		count, _ = strconv.Atoi(args[2])
	}
	found := func() bool { return len(re.FindAllIndex(p.log.Bytes(), count)) >= count }
	p.mu.Lock()
	defer p.mu.Unlock()
	if neg {
		if found() {
			ts.Fatalf("unexpected match for %q", args[1])
		}
		return
	}
	for !found() {
		if p.closed || !p.grows() {
			ts.Fatalf("no match for %q", args[1])
		}
	}
}

// grows waits until the log has grown or is closed. p.mu is held.
func (p *process) grows() bool {
	before := p.log.Len()
	late := false
	timer := time.AfterFunc(silence, func() {
		p.mu.Lock()
		late = true
		p.changed.Broadcast()
		p.mu.Unlock()
	})
	defer timer.Stop()
	for p.log.Len() == before && !p.closed && !late {
		p.changed.Wait()
	}
	return p.log.Len() > before || p.closed
}

var signals = map[string]syscall.Signal{
	"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

// cmdSignal sends a signal: signal NAME TERM.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME SIGNAL")
	}
	sig, ok := signals[args[1]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(lookup(ts, args[0]).cmd.Process.Signal(sig))
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

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
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

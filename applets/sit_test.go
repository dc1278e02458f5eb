package applets_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hinshun/vt10x"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"nettool/internal/pty"
)

// seat is a terminal at which a script sits.
type seat struct {
	master *os.File
	vt     vt10x.Terminal
}

// cmdSit runs a program at a terminal of its own, of 60 columns and 12 rows:
//
//	sit NAME PROGRAM [ARG…]
//
// The terminal understands what it is sent, as a real one does.
func cmdSit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sit NAME PROGRAM [ARG…]")
	}
	ps := sceneOf(ts).processes
	_, err := ps.group()
	ts.Check(err)
	master, slave, err := pty.Open(60, 12)
	ts.Check(err)
	defer slave.Close()
	p := &process{stderr: master, silent: make(chan struct{}), exited: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.seat = &seat{master: master, vt: vt10x.New(vt10x.WithWriter(master))}
	p.cmd = exec.Command(resolve(ts, args[1]), args[2:]...)
	p.cmd.Args[0] = args[1]
	p.cmd.Dir, p.cmd.Env = ts.MkAbs("."), append(environ(ts), "TERM=xterm", "PS1=$ ")
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.resize(60, 12)
	ts.Check(p.cmd.Start())
	ps.named[args[0]] = p
	ts.Setenv(args[0]+"_PID", strconv.Itoa(p.cmd.Process.Pid))
	ts.Defer(func() {
		p.cmd.Process.Kill()
		<-p.exited
	})
	go p.follow()
	go p.wait()
}

func (p *process) resize(columns, rows int) {
	p.seat.vt.Resize(columns, rows)
	unix.IoctlSetWinsize(int(p.seat.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(columns)})
}

// sitting is a process that sits at a terminal.
func sitting(ts *testscript.TestScript, name string) *process {
	p := lookup(ts, name)
	if p.seat == nil {
		ts.Fatalf("%s does not sit at a terminal", name)
	}
	return p
}

// cmdType types at a terminal: type NAME TEXT. In TEXT \r is the key Enter, and \xNN
// others.
func cmdType(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: type NAME TEXT")
	}
	_, err := sitting(ts, args[0]).seat.master.Write(unquote(ts, args[1]))
	ts.Check(err)
}

// cmdScreen waits until the screen of a terminal matches, as a text with a newline
// after each row and no space before it:
//
//	screen NAME REGEXP
//
// With !, it does not match now.
func cmdScreen(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: screen NAME REGEXP")
	}
	p, re := sitting(ts, args[0]), regexp.MustCompile("(?m)"+args[1])
	p.mu.Lock()
	defer p.mu.Unlock()
	for late := time.Now().Add(patience); re.MatchString(p.seat.text()) == neg; {
		if neg || p.closed || !p.grows() || time.Now().After(late) {
			ts.Fatalf("want %s, and not %v, on the screen:\n%s", args[1], neg, p.seat.text())
		}
	}
}

// text is what the terminal shows, with ▏ where its cursor is.
func (s *seat) text() string {
	rows := strings.Split(s.vt.String(), "\n")
	at := s.vt.Cursor()
	for i, row := range rows {
		if i == at.Y {
			runes := []rune(row)
			row = string(runes[:at.X]) + "▏" + string(runes[at.X:])
		}
		rows[i] = strings.TrimRight(row, " ")
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n") + "\n"
}

// cmdResize gives a terminal another size: resize NAME COLUMNS ROWS.
func cmdResize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: resize NAME COLUMNS ROWS")
	}
	columns, err := strconv.Atoi(args[1])
	ts.Check(err)
	rows, err := strconv.Atoi(args[2])
	ts.Check(err)
	p := sitting(ts, args[0])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resize(columns, rows)
}

// cmdCanonical waits until a terminal is as it was before a program used it: it shows
// what is typed, and gathers lines. With ! it waits until it is not.
func cmdCanonical(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: canonical NAME")
	}
	p := sitting(ts, args[0])
	const want = unix.ICANON | unix.ECHO | unix.ISIG | unix.IEXTEN
	var flags string
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(time.Millisecond) {
		mode, err := unix.IoctlGetTermios(int(p.seat.master.Fd()), unix.TCGETS)
		ts.Check(err)
		if (mode.Lflag&want == want && mode.Iflag&unix.ICRNL != 0) != neg {
			return
		}
		flags = fmt.Sprintf("%#x %#x", mode.Lflag, mode.Iflag)
	}
	ts.Fatalf("the terminal's flags are %s", flags)
}

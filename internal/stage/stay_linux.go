package stage

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/spawn"
)

// keeper is the child that stays beside a program. Nothing of the connection is
// open in it.
type keeper struct {
	link  *handoff.Link
	stage *handoff.Stage
	child int         // the program
	ended atomic.Bool // it has been reaped
}

// stay starts a stage for the program, reaps what ends, and ends when the program
// has; a subreaper when all that it left running has, too.
func stay(l *handoff.Link, m *handoff.Stage) int {
	runtime.GOMAXPROCS(1) // fewer threads: they count as processes of the program's user
	k := &keeper{link: l, stage: m}
	if m.Settings.Subreaper {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			fail(l, exit.With(exit.Local, fmt.Errorf("subreaper: %w", err)))
			return int(exit.Local)
		}
	}
	signals := make(chan os.Signal, 32)
	signal.Notify(signals, forwarded()...)
	inner, err := k.start()
	if err != nil {
		fail(l, exit.With(exit.Local, err))
		return int(exit.Local)
	}
	go k.forward(signals)
	if said, _, err := inner.Receive(true); err == nil {
		l.Send(said) // found, or failed
	} else {
		l.Send(&handoff.Exec{})
	}
	inner.Close()
	go k.listen()
	return k.reap()
}

// forwarded are the signals that go on to the program: those that one sends to a
// service.
func forwarded() (all []os.Signal) {
	for _, sig := range []os.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGCONT} {
		if !signal.Ignored(sig) {
			all = append(all, sig)
		}
	}
	return all
}

// start starts the stage that becomes the program, with our descriptors, and
// closes these.
func (k *keeper) start() (*handoff.Link, error) {
	inner, theirs, err := handoff.NewPair()
	if err != nil {
		return nil, err
	}
	m := *k.stage
	m.Settings = m.Settings.Inner()
	if err := inner.Send(&m); err != nil {
		return nil, err
	}
	var pidfd int
	k.child, pidfd, err = (*spawn.Starter)(nil).Start(self, argv(), spawn.Attr{
		Env:    os.Environ(),
		Files:  k.files(theirs),
		Setsid: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start the program's process: %w", err)
	}
	unix.Close(pidfd)
	unix.Close(theirs)
	k.letGo()
	return inner, nil
}

// files are the descriptors of the inner stage: ours, with another link.
func (k *keeper) files(link int) []int {
	files := Files([]int{0, 1, 2}, k.stage.Kept)
	files, third := WithLink(files, link)
	if third > 0 {
		files[third] = third
	}
	return files
}

// letGo gives up the program's descriptors.
func (k *keeper) letGo() {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	for fd := range 3 {
		if err == nil {
			unix.Dup3(null, fd, unix.O_CLOEXEC)
		} else {
			unix.Close(fd)
		}
	}
	for _, fd := range append(k.stage.Kept, k.stage.Third) {
		if fd > handoff.LinkFD {
			unix.Close(fd)
		}
	}
}

// init reports whether this is the first process of a PID namespace. Then what
// proc(5) shows may be another namespace's.
func (k *keeper) init() bool { return k.stage.Settings.Namespaces.Has(isolate.PID) }

// forward is the goroutine that sends signals on: those that end a service to all
// that runs, others to the program's process group.
func (k *keeper) forward(signals <-chan os.Signal) {
	for sig := range signals {
		sig := sig.(unix.Signal)
		switch {
		case sig == unix.SIGTERM && k.init():
			unix.Kill(-1, sig)
		case sig == unix.SIGTERM:
			signalBelow(os.Getpid(), sig)
		case !k.ended.Load():
			unix.Kill(-k.child, sig)
		}
	}
}

// listen is the goroutine that does what the server says.
func (k *keeper) listen() {
	for {
		m, _, err := k.link.Receive(true)
		if err != nil {
			return // the server is gone; the program goes on
		}
		if _, ok := m.(*handoff.EndAll); ok {
			go k.endAll()
		}
	}
}

// endAll is the goroutine that kills all that runs, until there is nothing left and
// the process ends.
func (k *keeper) endAll() {
	for {
		if k.init() {
			unix.Kill(-1, unix.SIGKILL)
		} else {
			KillBelow(os.Getpid())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// reap reaps the program and what comes to us from it.
func (k *keeper) reap() int {
	code := int(exit.Local)
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil: // nothing is left
			return code
		case pid != k.child:
			continue
		}
		k.ended.Store(true)
		said := handoff.Exited{Code: ws.ExitStatus()}
		code = ws.ExitStatus()
		if ws.Signaled() {
			said.Signal = int(ws.Signal())
			code = int(exit.Signal(ws.Signal()))
		}
		k.link.Send(&said)
		if !k.stage.Settings.Subreaper {
			return code
		}
	}
}

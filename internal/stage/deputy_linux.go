package stage

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/spawn"
)

// patience is how long the deputy has for an answer. It takes a millisecond.
const patience = 10 * time.Second

// Deputy is a process that starts stages for a server that may not. It has the
// server's user, and of root's rights only those capabilities that a start takes.
// What it starts are children of the server.
type Deputy struct {
	PIDFD int // readable when it has ended

	link *handoff.Link
	pid  int
}

// NewDeputy starts a deputy, as this user and with these capabilities, while this
// process may. The caller closes it.
func NewDeputy(who *syscall.Credential, needs []isolate.Need) (*Deputy, error) {
	if err := isolate.Lacking(needs); err != nil {
		return nil, err
	}
	l, theirs, err := handoff.NewPair()
	if err != nil {
		return nil, err
	}
	defer unix.Close(theirs)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	defer unix.Close(null)
	attr := spawn.Attr{Env: []string{"GOMAXPROCS=1"}, Files: []int{null, null, null, theirs}, Setsid: true, Credential: who}
	for _, n := range needs {
		attr.Ambient = append(attr.Ambient, uintptr(n.Capability))
	}
	d := &Deputy{link: l}
	if err = l.Send(&handoff.Deputy{}); err == nil {
		d.pid, d.PIDFD, err = (*spawn.Starter)(nil).Start(self, argv(), attr)
	}
	if err == nil && d.PIDFD < 0 {
		d.PIDFD, err = unix.PidfdOpen(d.pid, 0)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("start a deputy: %w", err)
	}
	return d, nil
}

// Start has the deputy start a child. Its path and arguments are always the same.
// Who waits too long for an answer must not use the deputy any more: a process may
// have started that nobody knows.
func (d *Deputy) Start(_ string, _ []string, attr spawn.Attr) (pid, pidfd int, err error) {
	order := &handoff.Order{Env: attr.Env, Files: len(attr.Files), Clone: uint64(attr.Clone)}
	for _, c := range attr.Ambient {
		order.Ambient = append(order.Ambient, int(c))
	}
	var fds []int
	for i, fd := range attr.Files {
		if fd < 0 {
			order.Holes = append(order.Holes, i)
		} else {
			fds = append(fds, fd)
		}
	}
	if err := d.link.Send(order, fds...); err != nil {
		return 0, -1, err
	}
	m, err := d.link.Await(patience)
	started, ok := m.(*handoff.Started)
	switch {
	case err == nil && !ok:
		err = fmt.Errorf("an unexpected %T", m)
		fallthrough
	case err != nil:
		d.link.Close()
		return 0, -1, fmt.Errorf("deputy: %w", err)
	case started.Errno != 0:
		return 0, -1, unix.Errno(started.Errno)
	}
	if pidfd, err = unix.PidfdOpen(started.PID, 0); err != nil {
		pidfd = -1
	}
	return started.PID, pidfd, nil
}

// Close ends the deputy, and waits for its end.
func (d *Deputy) Close() {
	if d == nil || d.PIDFD < 0 {
		return
	}
	d.link.Close()
	fds := []unix.PollFd{{Fd: int32(d.PIDFD), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 1000); n == 0 || err != nil {
		unix.PidfdSendSignal(d.PIDFD, unix.SIGKILL, nil, 0)
	}
	unix.Wait4(d.pid, nil, 0, nil)
	unix.Close(d.PIDFD)
	d.PIDFD = -1
}

// PID is the deputy's process.
func (d *Deputy) PID() int { return d.pid }

// serveOrders is the run of the deputy, until the server closes the link. What
// ends the server must not end it before, and what it starts has these signals as
// they are by default.
func serveOrders(l *handoff.Link) int {
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGQUIT)
	for {
		m, fds, err := l.Receive(true)
		if err != nil {
			return int(exit.OK)
		}
		order, ok := m.(*handoff.Order)
		if !ok || len(fds)+len(order.Holes) != order.Files {
			return int(exit.Local)
		}
		pid, err := obey(order, fds)
		for _, fd := range fds {
			unix.Close(fd)
		}
		started := handoff.Started{PID: pid}
		if err != nil {
			started.Errno = int(unix.EIO)
			if errno, ok := errors.AsType[unix.Errno](err); ok {
				started.Errno = int(errno)
			}
		}
		if l.Send(&started) != nil {
			return int(exit.OK)
		}
	}
}

// obey starts a child of our parent's (CLONE_PARENT, clone(2)).
func obey(order *handoff.Order, fds []int) (pid int, err error) {
	attr := spawn.Attr{Env: order.Env, Setsid: true, Clone: uintptr(order.Clone) | unix.CLONE_PARENT}
	for i := range order.Files {
		if slices.Contains(order.Holes, i) {
			attr.Files = append(attr.Files, -1)
		} else if len(fds) > 0 {
			attr.Files, fds = append(attr.Files, fds[0]), fds[1:]
		}
	}
	for _, c := range order.Ambient {
		attr.Ambient = append(attr.Ambient, uintptr(c))
	}
	pid, pidfd, err := (*spawn.Starter)(nil).Start(self, argv(), attr)
	if err == nil {
		unix.Close(pidfd)
	}
	return pid, err
}

package spawn

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// errUnable is the error of a start that did not come as far as a fork.
var errUnable = errors.New("not started")

// way is how a process was started.
type way uint32

const (
	direct   way = iota // from the thread of the caller
	apart               // from a thread with a table of its own, by close_range(2)
	unshared            // the same, by unshare(2)
)

// thread is a goroutine with an operating system thread to itself, whose
// descriptor table is its own. It runs functions for others, one at a time.
//
// What runs there must not touch the network, files of package os, or anything
// else that keeps a descriptor's number: there, numbers mean something else.
type thread struct {
	way      way
	courier  courier
	settled  chan struct{} // closed when the goroutine has its thread
	calls    chan func()   // holds one, so that it can be put there when nobody takes it
	returned chan struct{} // closed when the goroutine has ended
}

// newThread makes the thread and its table.
func newThread() (*thread, error) {
	keep, err := pollers()
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	t := launch()
	t.courier.here = pair[0]
	t.do(func() { err = t.equip(keep, pair[1]) })
	unix.Close(pair[1]) // the thread has its copy
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// launch starts the goroutine.
func launch() *thread {
	t := &thread{settled: make(chan struct{}), calls: make(chan func(), 1), returned: make(chan struct{})}
	go t.work()
	return t
}

// equip gives the calling thread a table with little in it. Its end of the socket
// pair moves to a low number there, as a table is copied up to the highest.
func (t *thread) equip(keep []int, sock int) (err error) {
	// The runtime's last words, should it die in this thread, go to descriptor 2.
	if t.way, err = isolate(append(keep, 2, sock)); err != nil {
		return err
	}
	if t.courier.there, err = unix.FcntlInt(uintptr(sock), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	unix.Close(sock)
	fillStandard(t.courier.there)
	return nil
}

// work is the goroutine. It never unlocks its thread, which therefore ends with
// it, and its table with the thread.
//
// The thread is not the leader of the thread group: the leader's table is what
// /proc/self and pidfd_getfd(2) show, and so it must be everybody's.
func (t *thread) work() {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go t.work() // in another thread: this one is taken
		<-t.settled
		runtime.UnlockOSThread()
		return
	}
	close(t.settled)
	defer close(t.returned)
	for f := range t.calls {
		f()
		t.returned <- struct{}{}
	}
}

// do runs f in the thread, and waits for it. It is false when the thread is no
// more.
func (t *thread) do(f func()) bool {
	t.calls <- f
	_, ok := <-t.returned
	return ok
}

// close ends the goroutine, and waits for its end. The thread ends right after.
func (t *thread) close() {
	close(t.calls)
	for range t.returned {
	}
	unix.Close(t.courier.here)
}

// start starts a process from the thread. An error of what comes before the fork
// is errUnable. The pidfd is opened here: the thread's would be in its own table.
// A number for it is taken first, so that a full table is found out while there
// is no process yet.
func (t *thread) start(path string, argv []string, attr Attr) (pid, pidfd int, err error) {
	place, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return 0, -1, fmt.Errorf("%w: %w", errUnable, err)
	}
	pid, err = t.order(path, argv, attr)
	unix.Close(place)
	if err != nil {
		return 0, -1, err
	}
	if pidfd, err = unix.PidfdOpen(pid, 0); err != nil {
		pidfd = -1
	}
	return pid, pidfd, nil
}

// order lets the thread start a process, with our descriptors.
func (t *thread) order(path string, argv []string, attr Attr) (pid int, err error) {
	ours := distinct(attr.Files)
	if err := t.courier.send(ours); err != nil {
		return 0, fmt.Errorf("%w: %w", errUnable, err)
	}
	if !t.do(func() { pid, err = t.fork(path, argv, attr, ours) }) {
		return 0, errUnable
	}
	return pid, err
}

// fork runs in the thread. It takes our descriptors in, starts the process, and
// closes them again. No pidfd is asked for, as it would belong to this table.
func (t *thread) fork(path string, argv []string, attr Attr, ours []int) (pid int, err error) {
	theirs, err := t.courier.take(len(ours))
	if err != nil {
		return 0, fmt.Errorf("%w: %v", errUnable, err) // never passing
	}
	defer closeAll(theirs)
	attr.Files = slices.Clone(attr.Files)
	for i, fd := range attr.Files {
		if fd >= 0 {
			attr.Files[i] = theirs[slices.Index(ours, fd)]
		}
	}
	return forkExec(path, argv, attr.proc(nil))
}

// distinct is each descriptor of files, once.
func distinct(files []int) []int {
	fds := make([]int, 0, len(files))
	for _, fd := range files {
		if fd >= 0 && !slices.Contains(fds, fd) {
			fds = append(fds, fd)
		}
	}
	return fds
}

package spawn

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// errUnable is the error of a start that did not come as far as a fork.
var errUnable = errors.New("not started")

// way is how a process was started.
type way uint32

const (
	apart    way = 1 << iota // from a thread with a table of its own, by close_range(2)
	unshared                 // that table is by unshare(2)
	rights                   // descriptors come there by SCM_RIGHTS, not by pidfd_getfd(2)

	direct way = 0 // from the thread of the caller
)

// thread is a goroutine with an operating system thread to itself, whose
// descriptor table is its own. It runs functions for others, one at a time.
//
// What runs there must not touch the network, files of package os, or anything
// else that keeps a descriptor's number: there, numbers mean something else.
type thread struct {
	way      way
	carrier  carrier
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
	pair := [2]int{-1, -1}
	if !mayGet() {
		if pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0); err != nil {
			return nil, os.NewSyscallError("socketpair", err)
		}
		defer unix.Close(pair[1]) // the thread has its copy
	}
	t := launch()
	t.do(func() { err = t.equip(keep, pair) })
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

// equip gives the calling thread a table with little in it, and the means to
// bring descriptors there: the socket pair, or a pidfd where there is no pair.
func (t *thread) equip(keep []int, pair [2]int) (err error) {
	keep = append(keep, 2) // for the runtime's last words, should it die in this thread
	filler := pair[1]
	if filler >= 0 {
		t.carrier = courier{here: pair[0], there: filler}
		keep = append(keep, filler)
	}
	if t.way, err = isolate(keep); err != nil {
		return err
	}
	if filler >= 0 {
		t.way |= rights
	} else if filler, err = unix.PidfdOpen(unix.Getpid(), 0); err == nil {
		t.carrier = getter{self: filler}
	} else {
		return os.NewSyscallError("pidfd_open", err)
	}
	fillStandard(filler)
	return nil
}

// work is the goroutine. It never unlocks its thread, which therefore ends with
// it, and its table with the thread.
//
// The thread is not the leader of the thread group: the leader's table is what
// pidfd_getfd(2) and /proc/self/fd show, and so it must be everybody's.
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
	if t.carrier != nil {
		t.carrier.close()
	}
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
	if err := t.carrier.send(ours); err != nil {
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
	theirs, err := t.carrier.take(ours)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnable, err)
	}
	defer closeAll(theirs)
	attr.Files = slices.Clone(attr.Files)
	for i, fd := range attr.Files {
		if fd >= 0 {
			attr.Files[i] = theirs[slices.Index(ours, fd)]
		}
	}
	return syscall.ForkExec(path, argv, attr.proc(nil))
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

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

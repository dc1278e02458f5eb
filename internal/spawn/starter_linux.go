// Package spawn starts processes at a cost that does not grow with the number of
// descriptors that this process has open.
//
// A fork copies the descriptor table, and the exec that follows closes every
// copy again. So a process that has many descriptors open starts others from a
// thread whose table is its own and next to empty; what a child is to have is
// brought there for the time of its start. Where the kernel, or a filter of
// system calls, does not let us have such a thread, processes start as ever.
package spawn

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Crowd is the default of Starter.Crowd. With as many descriptors open, the two
// ways cost about the same.
const Crowd = 512

// Starter starts processes, one at a time once many descriptors are open. They
// are children of this process, which reaps them by pid (wait4(2)). Its zero
// value works, and so does a nil one, which never uses a thread of its own. It
// is safe for concurrent use, and must not be copied.
type Starter struct {
	// Crowd is how many open descriptors make a crowd: then, processes start from a
	// thread with a descriptor table of its own. Zero is the constant Crowd, and
	// with a negative number there is no such thread. Do not change it after the
	// first start.
	Crowd int

	mu      sync.Mutex
	thread  *thread // nil before it is needed, and when there can be none
	never   bool    // there can be none
	dressed bool    // processes inherit from the thread, and so start from nowhere else
	last    atomic.Uint32
}

// Attr is what a process is given, besides its arguments. It may get descriptors
// without FD_CLOEXEC, too (fcntl(2)): this process should have none.
type Attr struct {
	Env    []string // its environment, all of it
	Files  []int    // its descriptors 0, 1, 2 and so on, of which −1 is closed; ours stay the caller's
	Setsid bool     // whether it leads a session, and so a process group, of its own (setsid(2))
	// Orphan is the signal that it is sent when this process ends before it, or zero for none
	// (PR_SET_PDEATHSIG, prctl(2)). It is sent when the thread that has started it ends, too:
	// the starter's, when that is closed.
	Orphan syscall.Signal

	Chroot     string              // its root; the path of the program is looked up there
	Dir        string              // its working directory, in its root
	Clone      uintptr             // flags of clone(2); in a user namespace of its own its ids are those that it has here
	Ambient    []uintptr           // capabilities that it keeps: capabilities(7)
	Credential *syscall.Credential // who it is
}

// Start starts the program at path with the arguments argv, of which the first
// is its name, and returns once the program runs in its process, or could not be
// executed: then there is no process, and the error is that of syscall.ForkExec, a
// syscall.Errno, of clone(2), execve(2) or what comes between.
//
// The caller reaps pid, and owns pidfd (pidfd_open(2)), which is readable once
// the process has ended. It is −1 where the kernel has no pidfds, or when the
// last free descriptor of this process went elsewhere during the start; as long
// as nobody reaps the process, a pidfd can be opened later.
func (s *Starter) Start(path string, argv []string, attr Attr) (pid, pidfd int, err error) {
	if s == nil {
		return startHere(path, argv, attr)
	}
	if s.dressed || s.crowded() {
		pid, pidfd, err = s.startApart(path, argv, attr)
		if s.dressed || !errors.Is(err, errUnable) {
			return pid, pidfd, err
		}
	}
	s.last.Store(uint32(direct))
	return startHere(path, argv, attr)
}

// Dress runs f in the thread that all processes are started from after that: they
// inherit what f changes of it, such as no_new_privs (prctl(2)), or the umask once
// the thread has its own (CLONE_FS, unshare(2)). Call it before the first start.
// After an error, which is f's or says why there is no such thread, processes start
// as ever.
func (s *Starter) Dress(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := newThread()
	if err != nil {
		return fmt.Errorf("make a thread to start processes from: %w", err)
	}
	if t.do(func() { err = f() }); err != nil {
		t.close()
		return err
	}
	s.thread, s.dressed = t, true
	return nil
}

// Close ends the thread, if there is one, and returns when its goroutine has
// ended. Processes that were started live on. Others are started from the caller's
// thread, but after Dress there are no others.
func (s *Starter) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveUp()
}

// startHere starts a process from the thread of the caller.
func startHere(path string, argv []string, attr Attr) (pid, pidfd int, err error) {
	pidfd = -1
	pid, err = forkExec(path, argv, attr.proc(&pidfd))
	return pid, pidfd, err
}

// proc is attr for syscall.ForkExec, which opens a pidfd unless it is nil.
func (a *Attr) proc(pidfd *int) *syscall.ProcAttr {
	files := make([]uintptr, len(a.Files))
	for i, fd := range a.Files {
		files[i] = uintptr(fd)
	}
	sys := &syscall.SysProcAttr{
		Setsid: a.Setsid, PidFD: pidfd, Pdeathsig: a.Orphan,
		Chroot: a.Chroot, Cloneflags: a.Clone, AmbientCaps: a.Ambient, Credential: a.Credential,
	}
	if a.Clone&unix.CLONE_NEWUSER != 0 {
		sys.UidMappings, sys.GidMappings = itself(os.Geteuid()), itself(os.Getegid())
	}
	return &syscall.ProcAttr{Env: a.Env, Dir: a.Dir, Files: files, Sys: sys}
}

// itself maps an id to itself, and no other: user_namespaces(7).
func itself(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
}

// startApart starts a process from the thread with a table of its own. When it
// cannot, the error is errUnable, and nothing was started.
func (s *Starter) startApart(path string, argv []string, attr Attr) (pid, pidfd int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready() {
		return 0, -1, errUnable
	}
	pid, pidfd, err = s.thread.start(path, argv, attr)
	switch {
	case err == nil:
		s.last.Store(uint32(s.thread.way))
	case errors.Is(err, errUnable) && !passing(err):
		s.giveUp()
	}
	return pid, pidfd, err
}

// ready makes the thread if there is none, and reports whether there is one.
func (s *Starter) ready() bool {
	if s.thread == nil && !s.never {
		var err error
		s.thread, err = newThread()
		s.never = err != nil && !passing(err)
	}
	return s.thread != nil
}

// giveUp ends the thread for good.
func (s *Starter) giveUp() {
	if s.thread != nil {
		s.thread.close()
		s.thread = nil
	}
	s.never = true
}

// passing reports whether an error says nothing about the next start: something
// has run out, or the caller named a descriptor that is not open.
func passing(err error) bool {
	for _, errno := range []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.ETOOMANYREFS, unix.EBADF} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// sample is how many descriptor numbers are looked at: one may be free by
// chance.
const sample = 8

// crowded reports whether s.Crowd descriptors are open. It does not
// count them. A new descriptor gets the lowest free number, so that a number is
// in use when as many are, or were a while ago.
func (s *Starter) crowded() bool {
	first := s.Crowd
	if first == 0 {
		first = Crowd
	}
	for fd := first; first > 0 && fd < first+sample; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			return true
		}
	}
	return false
}

package spawn

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filter is a seccomp(2) filter that refuses some system calls.
type filter []unix.SockFilter

// Offsets in struct seccomp_data.
const (
	callNumber = 0
	firstArg   = 16 // its low half, on a little-endian machine
)

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// unless skips the next n instructions when a comparison fails.
func unless(comparison uint16, with uintptr, n uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | comparison, Jf: n, K: uint32(with)}
}

func answer(verdict uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
}

// deny lets these calls fail.
func deny(errno unix.Errno, calls ...uintptr) filter {
	return refuse(unix.SECCOMP_RET_ERRNO|uint32(errno), calls...)
}

func refuse(verdict uint32, calls ...uintptr) filter {
	f := filter{load(callNumber)}
	for _, call := range calls {
		f = append(f, unless(unix.BPF_JEQ, call, 1), answer(verdict))
	}
	return append(f, answer(unix.SECCOMP_RET_ALLOW))
}

// denyProcesses lets forks fail as when there are too many processes. Threads can
// still be made.
func denyProcesses() filter {
	return filter{
		load(callNumber),
		unless(unix.BPF_JEQ, unix.SYS_CLONE, 3),
		load(firstArg),
		unless(unix.BPF_JSET, unix.CLONE_VFORK, 1),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EAGAIN)),
		answer(unix.SECCOMP_RET_ALLOW),
	}
}

// install puts the filter on all threads of this process, for ever.
func (f filter) install(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno == unix.ENOSYS || errno == unix.EINVAL {
		t.Skip("the kernel has no seccomp filters")
	}
	if errno != 0 {
		t.Fatal(errno)
	}
}

// TestDenied: what a filter denies is done in another way, and in the end as
// ever.
func TestDenied(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		calls []uintptr
		want  way
	}{
		{"nothing", nil, apart},
		{"unshare", []uintptr{unix.SYS_UNSHARE}, apart},
		{"pidfd_getfd", []uintptr{unix.SYS_PIDFD_GETFD}, apart},
		{"unshare,pidfd_getfd", []uintptr{unix.SYS_UNSHARE, unix.SYS_PIDFD_GETFD}, apart},
		{"close_range", []uintptr{unix.SYS_CLOSE_RANGE}, unshared},
		{"close_range,pidfd_getfd", []uintptr{unix.SYS_CLOSE_RANGE, unix.SYS_PIDFD_GETFD}, unshared},
		{"close_range,unshare", []uintptr{unix.SYS_CLOSE_RANGE, unix.SYS_UNSHARE}, direct},
		{"pidfd_open", []uintptr{unix.SYS_PIDFD_OPEN}, direct},
	} {
		for _, errno := range []unix.Errno{unix.EPERM, unix.ENOSYS} {
			t.Run(test.name+"/"+unix.ErrnoName(errno), func(t *testing.T) {
				t.Parallel()
				if alone(t, "denied") == "" {
					return
				}
				deny(errno, test.calls...).install(t)
				checkAll(t, test.want)
			})
		}
	}
}

// TestFatal: some filters end the process, and so nothing unusual is tried while
// the usual works.
func TestFatal(t *testing.T) {
	t.Parallel()
	if alone(t, "fatal") == "" {
		return
	}
	refuse(unix.SECCOMP_RET_KILL_PROCESS, unix.SYS_PIDFD_GETFD, unix.SYS_UNSHARE).install(t)
	checkAll(t, apart)
}

// checkAll does everything a Starter is for, and checks that it is done that way.
func checkAll(t *testing.T, want way) {
	t.Helper()
	l := listen(t)
	hold(t, 600)
	var s Starter
	defer s.Close()
	for range 2 {
		pair := socketpair(t)
		got := output(t, &s, listFiles, pair[0], -1, pair[0])
		if want := "0 -> /dev/null\n1 -> out\n2 -> /dev/null\n3 -> socket\n5 -> socket\n"; got != want {
			t.Errorf("the child has\n%swant\n%s", got, want)
		}
		if got := s.lastWay(); got != want {
			t.Errorf("started by %s, want %s", got, want)
		}
	}
	if _, _, err := s.Start("/nonexistent/program", []string{"program"}, Attr{}); err != unix.ENOENT {
		t.Errorf("a program that does not exist: %v", err)
	}
	checkClosing(t, l)
	if want != direct {
		inside(t, &s, runtime.GC)
	} else if s.thread != nil || !s.never {
		t.Error("there is a thread, or will be")
	}
}

// TestNoProcess: fork's own error comes back, and the next start is as usual.
func TestNoProcess(t *testing.T) {
	t.Parallel()
	if alone(t, "no process") == "" {
		return
	}
	if strings.Contains("mips mips64 ppc64 s390x", runtime.GOARCH) {
		t.Skip("the filter is for little-endian machines")
	}
	s := always(t)
	output(t, s, "true")
	denyProcesses().install(t)
	for _, starter := range []*Starter{s, nil} {
		if pid, pidfd, err := starter.Start("/bin/true", []string{"true"}, Attr{}); err != unix.EAGAIN || pid != 0 || pidfd != -1 {
			t.Errorf("Start = %d, %d, %v", pid, pidfd, err)
		}
	}
	if s.thread == nil {
		t.Error("the thread was given up")
	}
}

// TestNoProc: without what proc(5) tells, processes start directly.
func TestNoProc(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string][]uintptr{
		"no links": {unix.SYS_READLINKAT},
		"no list":  {unix.SYS_GETDENTS64, unix.SYS_CLOSE_RANGE},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if alone(t, "no proc") == "" {
				return
			}
			deny(unix.EACCES, calls...).install(t)
			s := always(t)
			for range 2 {
				if got := output(t, s, "echo hello"); got != "hello\n" || s.lastWay() != direct || !s.never {
					t.Errorf("got %q by %s", got, s.lastWay())
				}
			}
		})
	}
}

// TestNoDescriptors: with none left, nothing is started, and with one again, it
// is, from the thread.
func TestNoDescriptors(t *testing.T) {
	t.Parallel()
	if alone(t, "no descriptors") == "" {
		return
	}
	s := always(t)
	null := devNull(t)
	output(t, s, "true")
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	full := unix.Rlimit{Cur: uint64(null) + 1, Max: old.Max}
	setLimit := func(limit unix.Rlimit) {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	var filler []int
	setLimit(full)
	for fd, err := unix.Dup(null); err == nil; fd, err = unix.Dup(null) {
		unix.CloseOnExec(fd)
		filler = append(filler, fd)
	}
	program := []string{"sh", "-c", fmt.Sprintf("echo >%s/started", dir)}
	_, pidfd, err := s.Start("/bin/sh", program, Attr{Files: []int{null, null, null}})
	setLimit(old)
	closeAll(filler)
	if err != unix.EMFILE || pidfd != -1 {
		t.Errorf("with no descriptor left: pidfd %d, %v", pidfd, err)
	}
	if _, err := os.Stat(dir + "/started"); err == nil {
		t.Error("the program has run")
	}
	output(t, s, "true")
	if got := s.lastWay(); got != apart {
		t.Errorf("started by %s", got)
	}
}

package spawn

import (
	"errors"
	"math"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// pollers are the descriptors that the Go runtime polls the network with, an
// epoll(7) and an eventfd(2), and every other one of these kinds. A thread that
// starts the world again after a garbage collection polls too, and one that sets
// a timer writes to the eventfd; the program dies when the thread has them not.
func pollers() ([]int, error) {
	if err := startPolling(); err != nil {
		return nil, err
	}
	fds, err := openFiles(common)
	if err != nil {
		return nil, err
	}
	var epolls, events []int
	for _, fd := range fds {
		switch kind, _ := kindOf(common, fd); kind {
		case epollKind:
			epolls = append(epolls, fd)
		case eventKind:
			events = append(events, fd)
		}
	}
	if len(epolls) == 0 || len(events) == 0 {
		return nil, errors.New("cannot tell what the Go runtime polls with")
	}
	return append(epolls, events...), nil
}

// closeImpostors closes, in the table of the calling thread, what took the
// number of a poller between pollers and isolate. The runtime's stay open always.
func closeImpostors(pollers []int) {
	for _, fd := range pollers {
		if kind, err := kindOf(own, fd); err == nil && kind != epollKind && kind != eventKind {
			unix.Close(fd)
		}
	}
}

// fillStandard makes copies of filler of what is closed among the first three
// descriptors of the calling thread's table. syscall.ForkExec would not notice
// that an exec has failed if the pipe that says so got one of these numbers.
func fillStandard(filler int) {
	for fd := range 3 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			unix.Dup3(filler, fd, unix.O_CLOEXEC)
		}
	}
}

// The descriptor tables in proc(5).
const (
	common = "/proc/self/fd"        // the leader's, which other threads share
	own    = "/proc/thread-self/fd" // the calling thread's
)

// What proc(5) calls an epoll(7) and an eventfd(2).
const (
	epollKind = "anon_inode:[eventpoll]"
	eventKind = "anon_inode:[eventfd]"
)

// kindOf is what a descriptor of that table refers to, in the words of proc(5).
func kindOf(table string, fd int) (string, error) {
	return os.Readlink(table + "/" + strconv.Itoa(fd))
}

// startPolling makes the runtime open its descriptors, unless it has: what it
// opens later would be missing in the thread's table.
func startPolling() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
}

// openFiles are the descriptors in a table.
func openFiles(table string) ([]int, error) {
	dir, err := unix.Open(table, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: table, Err: err}
	}
	defer unix.Close(dir)
	var names []string
	for buf := make([]byte, 8192); ; {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil {
			return nil, os.NewSyscallError("getdents64", err)
		}
		if n == 0 {
			return numbers(names, dir), nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// numbers are the descriptors with these names, without dir, the list's own.
func numbers(names []string, dir int) []int {
	fds := make([]int, 0, len(names))
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd != dir {
			fds = append(fds, fd)
		}
	}
	return fds
}

// lastFD is above every descriptor number.
const lastFD = math.MaxInt32

// isolate gives the calling thread a descriptor table of its own, in which only
// the descriptors keep are open. After an error the thread must not be used, as
// its table may be its own already.
func isolate(keep []int) (way, error) {
	keep = slices.Sorted(slices.Values(keep))
	// Some kernels copy only tables of a multiple of 64 descriptors correctly.
	end := (keep[len(keep)-1]/64 + 1) * 64
	how := apart
	if err := unix.CloseRange(uint(end), lastFD, unix.CLOSE_RANGE_UNSHARE); err != nil {
		how |= unshared
		if err := unix.Unshare(unix.CLONE_FILES); err != nil {
			return direct, os.NewSyscallError("unshare", err)
		}
	}
	return how, closeOthers(keep)
}

// closeOthers closes all descriptors of the calling thread's table but those,
// which are sorted.
func closeOthers(keep []int) error {
	first := 0
	for _, fd := range append(keep, lastFD) {
		if fd > first {
			if err := unix.CloseRange(uint(first), uint(fd-1), 0); err != nil {
				return closeEach(keep)
			}
		}
		first = fd + 1
	}
	return nil
}

// closeEach is closeOthers without close_range(2).
func closeEach(keep []int) error {
	fds, err := openFiles(own)
	if err != nil {
		return err
	}
	for _, fd := range fds {
		if !slices.Contains(keep, fd) {
			unix.Close(fd)
		}
	}
	return nil
}

package spawn

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pollers are the two descriptors that the Go runtime polls the network with. A
// thread that starts the world again after a garbage collection polls, and one
// that sets a timer may wake the one that polls; the program dies when the thread
// has them not.
func pollers() ([]int, error) {
	r, w, err := os.Pipe() // from now on at the latest the runtime has them
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	raw, err := r.SyscallConn()
	if err != nil {
		return nil, err
	}
	epoll := -1
	if err := raw.Control(func(fd uintptr) { epoll = epollOf(int(fd)) }); err != nil {
		return nil, err
	}
	if epoll < 0 {
		return nil, errors.New("cannot find what the Go runtime polls with")
	}
	waker, err := wakerOf(epoll)
	if err != nil {
		return nil, err
	}
	return []int{epoll, waker}, nil
}

// farthest bounds the search for the runtime's epoll, which is among the first
// descriptors of a process.
const farthest = 4096

// epollOf finds the epoll(7) with which fd is registered, or is −1.
func epollOf(fd int) int {
	for epoll := range farthest {
		switch unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{}) {
		case unix.EEXIST:
			return epoll
		case nil: // somebody else's
			unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, fd, nil)
		}
	}
	return -1
}

// wakerOf finds the eventfd(2) that wakes the runtime when it polls: alone in its
// epoll, it is not edge-triggered.
func wakerOf(epoll int) (int, error) {
	info, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(epoll))
	if err != nil {
		return -1, err
	}
	found := -1
	for line := range strings.Lines(string(info)) {
		var fd int
		var events uint32
		if n, _ := fmt.Sscanf(line, "tfd: %d events: %x", &fd, &events); n < 2 || events&unix.EPOLLET != 0 {
			continue
		}
		if found >= 0 {
			return -1, errors.New("cannot tell what wakes the Go runtime")
		}
		found = fd
	}
	kind, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(found))
	if err == nil && kind != "anon_inode:[eventfd]" {
		err = fmt.Errorf("the Go runtime is woken by %q", kind)
	}
	return found, err
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

// openFiles are the descriptors in a directory of proc(5).
func openFiles(path string) ([]int, error) {
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
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
		how = unshared
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
	fds, err := openFiles("/proc/thread-self/fd")
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

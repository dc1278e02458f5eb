package socket

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
)

// listenFDsStart is the first descriptor that a supervisor passes
// (sd_listen_fds(3)).
const listenFDsStart = 3

// listenInherited takes listening sockets that were open before we started:
// fd:N, or those of LISTEN_FDS. Their files, if any, are their maker's.
func listenInherited(a Addr, o Options) ([]net.Listener, error) {
	fds := []int{a.FD}
	if a.Network == "systemd" {
		var err error
		if fds, err = passedFDs(a.Name, os.Getenv); err != nil {
			return nil, exit.Errorf(exit.Usage, "address %q: %w", a, err)
		}
	}
	var listeners []net.Listener
	for _, fd := range fds {
		l, err := adopt(fd, o)
		if err != nil {
			closeAll(listeners)
			return nil, exit.Errorf(exit.Usage, "address %q: descriptor %d: %w", a, fd, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// passedFDs returns the descriptors that the environment says were passed to
// this process, those with the name if one is given.
func passedFDs(name string, getenv func(string) string) ([]int, error) {
	pid, err := strconv.Atoi(getenv("LISTEN_PID"))
	if err != nil {
		return nil, fmt.Errorf("no sockets were passed: LISTEN_PID is %q", getenv("LISTEN_PID"))
	}
	if pid != os.Getpid() {
		return nil, fmt.Errorf("the sockets were passed to process %d, not to this one", pid)
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 1 || count > 1<<16 {
		return nil, fmt.Errorf("no sockets were passed: LISTEN_FDS is %q", getenv("LISTEN_FDS"))
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	var fds []int
	for i := range count {
		if name == "" || (i < len(names) && names[i] == name) {
			fds = append(fds, listenFDsStart+i)
		}
	}
	if len(fds) == 0 {
		return nil, fmt.Errorf("no socket of that name was passed: LISTEN_FDNAMES is %q", getenv("LISTEN_FDNAMES"))
	}
	return fds, nil
}

// adopt turns descriptor fd into a listener and fd itself into nothing, so that
// the listener alone holds the socket.
func adopt(fd int, o Options) (net.Listener, error) {
	network, err := checkListening(fd)
	if err != nil {
		return nil, err
	}
	if err := o.applyInherited(fd, network); err != nil {
		return nil, err
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, listenFDsStart)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(own), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return l, vacate(fd)
}

// vacate closes fd; a standard descriptor becomes /dev/null, so that its number
// is not given to something else.
func vacate(fd int) error {
	if fd >= listenFDsStart {
		return unix.Close(fd)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	return unix.Dup3(int(null.Fd()), fd, 0)
}

// checkListening returns the net package's word for a listening stream socket.
func checkListening(fd int) (string, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case err == unix.EBADF:
		return "", fmt.Errorf("is not open")
	case err != nil:
		return "", fmt.Errorf("is not a socket")
	case kind != unix.SOCK_STREAM:
		return "", fmt.Errorf("is not a stream socket")
	}
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
		return "", fmt.Errorf("is a socket that does not listen")
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	switch {
	case err != nil:
		return "", err
	case domain == unix.AF_INET:
		return "tcp4", nil
	case domain == unix.AF_INET6:
		return "tcp6", nil
	case domain == unix.AF_UNIX:
		return "unix", nil
	default:
		return "", fmt.Errorf("is a socket of family %d, not TCP or unix", domain)
	}
}

// applyInherited sets what can still be set on a socket that listens already.
func (o Options) applyInherited(fd int, network string) error {
	o.ReusePort, o.Interface = false, ""
	if err := o.apply(uintptr(fd), network, true); err != nil {
		return err
	}
	if o.Backlog != 0 {
		return listenAgain(uintptr(fd), o.Backlog)
	}
	return nil
}

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package terminal

import (
	"os"
	"syscall"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// nonblocking keeps an open from waiting for a FIFO's other end.
const nonblocking = unix.O_NONBLOCK

// mode is what a terminal does with keys and text (termios(3)).
type mode struct{ was unix.Termios }

func modeOf(f *os.File) (m mode, err error) {
	was, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	if err != nil {
		return m, err
	}
	return mode{*was}, nil
}

// set has the terminal pass on each key without showing it. Those that are signals
// stay so, and output is what it was.
func (m mode) set(f *os.File) error {
	ours := m.was
	ours.Lflag &^= unix.ICANON | unix.ECHO | unix.ECHONL | unix.IEXTEN
	ours.Iflag &^= unix.ICRNL | unix.INLCR | unix.IGNCR | unix.ISTRIP | unix.PARMRK
	ours.Oflag |= unix.OPOST | unix.ONLCR
	ours.Cc[unix.VMIN], ours.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(int(f.Fd()), setTermios, &ours)
}

func (m mode) restore(f *os.File) {
	_ = unix.IoctlSetTermios(int(f.Fd()), setTermios, &m.was)
}

// same reports whether both are the same terminal.
func same(a, b *os.File) bool {
	var x, y unix.Stat_t
	if unix.Fstat(int(a.Fd()), &x) != nil || unix.Fstat(int(b.Fd()), &y) != nil || x.Rdev != y.Rdev || x.Mode&unix.S_IFMT != unix.S_IFCHR {
		return false
	}
	_, err := unix.IoctlGetTermios(int(a.Fd()), getTermios)
	return err == nil && y.Mode&unix.S_IFMT == unix.S_IFCHR
}

// Background reports whether f is a terminal that belongs to others at the moment: what is
// typed there is theirs, and who reads it is stopped (SIGTTIN, termios(3)).
func Background(f *os.File) bool { return isatty.IsTerminal(f.Fd()) && !foreground(f) }

// foreground reports whether the terminal is ours at the moment: to change its mode would
// stop us otherwise (SIGTTOU).
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// watchedSignals are about the terminal.
func watchedSignals() []os.Signal {
	return []os.Signal{syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGWINCH}
}

// watch deals with signals until there are none any more.
func (t *Terminal) watch() {
	for s := range t.signals {
		if s == syscall.SIGTSTP {
			t.stop()
		}
		t.enter() // SIGCONT: others have changed the mode meanwhile; SIGWINCH: the size
	}
}

// stop stops the process as if nobody had dealt with the signal, with the terminal as it
// was before.
func (t *Terminal) stop() {
	if orphaned() {
		return
	}
	t.leave()
	unix.Kill(unix.Getpid(), unix.SIGSTOP) // to reset SIGTSTP is not enough: the runtime keeps its handler
	for s := range t.signals {
		if s == syscall.SIGCONT {
			return
		}
	}
}

// orphaned reports whether nobody would continue our process group: the kernel stops no
// process of such a group at ^Z (setpgid(2)).
func orphaned() bool {
	session, err := unix.Getsid(0)
	for parent := unix.Getppid(); err == nil; parent = parentOf(parent) {
		if parent == 0 {
			return false // not known
		}
		theirs, err := unix.Getsid(parent)
		if err != nil || theirs != session {
			return true
		}
		if group, err := unix.Getpgid(parent); err != nil || group != unix.Getpgrp() {
			return err != nil
		}
	}
	return true
}

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package terminal

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// longestPassword is how much of a line is taken, in bytes.
const longestPassword = 1024

// delivery is how long to wait for a signal to oneself, which another thread may be the one
// to take: the process does not outlive it.
const delivery = time.Second

// Password asks for a line at the terminal of the process, tty(4), which does not show it.
// A signal that ends the process finds the terminal as it was.
func Password(prompt string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer tty.Close()
	m, err := modeOf(tty)
	if err != nil {
		return "", err
	}
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) { // whom nohup(1) has started, say
			signal.Notify(signals, s)
		}
	}
	defer signal.Stop(signals)
	if err := m.hide(tty); err != nil {
		return "", err
	}
	lines := make(chan string, 1)
	io.WriteString(tty, prompt)
	go readPassword(tty, lines)
	select {
	case s := <-signals:
		m.restore(tty)
		signal.Reset(s)
		unix.Kill(unix.Getpid(), s.(syscall.Signal))
		time.Sleep(delivery)
		return "", syscall.EINTR
	case line := <-lines:
		m.restore(tty)
		io.WriteString(tty, "\n")
		return line, nil
	}
}

// hide has the terminal not show what is typed.
func (m mode) hide(f *os.File) error {
	ours := m.was
	ours.Lflag &^= unix.ECHO | unix.ECHONL
	return unix.IoctlSetTermios(int(f.Fd()), setTermios, &ours)
}

// readPassword reads a line, which a terminal gives in one piece.
func readPassword(tty *os.File, lines chan<- string) {
	p := make([]byte, longestPassword)
	n, _ := tty.Read(p)
	line, _, _ := bytes.Cut(p[:n], []byte("\n"))
	lines <- string(line)
}

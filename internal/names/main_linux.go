package names

import (
	"errors"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
)

// Main is the whole run of the process: it answers until the server closes the link. What
// ends the server must not end it before. It returns the exit code.
func Main(l *handoff.Link, which *handoff.Names) int {
	signal.Ignore(unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	s := newSeeker(*which, os.Getenv("DNSCACHEIP"))
	answers := make(chan *handoff.Named)
	go deliver(l, answers)
	for {
		m, _, err := l.Receive(true)
		if err != nil {
			return int(exit.OK)
		}
		q, ok := m.(*handoff.Who)
		if !ok {
			return int(exit.Local)
		}
		go func() { answers <- s.seek(q) }() // the server has no more questions open than connections
	}
}

// deliver is the goroutine that sends answers.
func deliver(l *handoff.Link, answers <-chan *handoff.Named) {
	for answer := range answers {
		for errors.Is(l.Send(answer), unix.EAGAIN) {
			unix.Poll([]unix.PollFd{{Fd: int32(l.FD), Events: unix.POLLOUT}}, -1)
		}
	}
}

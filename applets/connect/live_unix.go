//go:build unix

package connect

import (
	"os"
	"os/signal"
	"syscall"
)

// live prints on SIGUSR1.
type live struct {
	ch   chan os.Signal
	done chan struct{}
}

func startLive(print func()) *live {
	l := &live{ch: make(chan os.Signal, 1), done: make(chan struct{})}
	signal.Notify(l.ch, syscall.SIGUSR1)
	go l.serve(print)
	return l
}

func (l *live) serve(print func()) {
	defer close(l.done)
	for range l.ch {
		print()
	}
}

func (l *live) stop() {
	signal.Stop(l.ch)
	close(l.ch)
	<-l.done
}

package handler

import (
	"syscall"
	"time"

	"nettool/internal/socket"
)

// How long a client is waited for that takes nothing, or that takes its time, before
// its connection is reset.
const (
	stuck     = time.Second
	longest   = 10 * time.Second
	firstLook = time.Millisecond
	lastLook  = 50 * time.Millisecond
)

// deliver waits until a client has what was sent to it, of which a reset would throw
// away the rest. queued is how much it has not.
func deliver(queued func() (int, error)) {
	began, moved, least := time.Now(), time.Now(), 0
	for delay := firstLook; ; delay = min(2*delay, lastLook) {
		left, err := queued()
		now := time.Now()
		if least == 0 || left < least {
			least, moved = left, now
		}
		if err != nil || left == 0 || now.Sub(moved) > stuck || now.Sub(began) > longest {
			return
		}
		time.Sleep(delay)
	}
}

// deliverStream is deliver for a connection of Go's poller.
func deliverStream(c StreamConn) {
	conn, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	deliver(func() (n int, err error) {
		if failed := raw.Control(func(fd uintptr) { n, err = socket.Outq(int(fd)) }); failed != nil {
			return 0, failed
		}
		return n, err
	})
}

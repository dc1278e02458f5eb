package handler

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// presence is what is known about a client while somebody connects for it. Nothing
// is read from it.
type presence struct {
	timers *timers
	events int16     // what to look for: POLLIN and POLLRDHUP at first
	blind  bool      // there is nothing to look for any more
	ended  time.Time // when to believe that a client is gone that has ended its side
}

// look waits for news about the client, on descriptor fd, for so many milliseconds,
// as poll(2) does. The error says that the client has gone.
func (p *presence) look(fd, timeout int) (changed bool, gone error) {
	if p.blind {
		return false, nil
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: p.events}}
	if n, err := unix.Poll(fds, timeout); n <= 0 || err != nil {
		return false, nil
	}
	return true, p.news(fd, fds[0].Revents)
}

// news takes notice of what poll(2) says about the client.
func (p *presence) news(fd int, events int16) (gone error) {
	pending, _ := unix.IoctlGetInt(fd, unix.TIOCINQ) // SIOCINQ, tcp(7)
	if pending > 0 {
		p.timers.activity.Hear()
	}
	switch {
	case events&(unix.POLLERR|unix.POLLHUP) != 0:
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno == 0 && pending > 0 { // a unix socket: what it has said counts
			p.blind = true
			return nil
		}
		if err == nil && errno == 0 {
			errno = int(unix.ECONNRESET)
		}
		return os.NewSyscallError("read", unix.Errno(errno))
	case events&unix.POLLRDHUP != 0:
		p.events = 0
		if pending == 0 {
			p.ended = time.Now().Add(endless)
		}
	case events&unix.POLLIN != 0:
		p.events &^= unix.POLLIN
	}
	return nil
}

// expiry is when to connect no more.
func (p *presence) expiry() expiry {
	at := p.timers.writeDeadline()
	if !p.ended.IsZero() && (at.when.IsZero() || p.ended.Before(at.when)) {
		return expiry{when: p.ended, err: os.NewSyscallError("read", unix.ECONNRESET)} // as good as reset
	}
	return at
}

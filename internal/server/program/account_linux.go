//go:build !portable

package program

import (
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/socket"
)

// account keeps the books of a connection that a program owns, without touching
// its bytes: our duplicate of the socket tells what TCP has counted (TCP_INFO,
// tcp(7)). SO_ERROR is never read: that would steal the owner's error.
type account struct {
	fd       int
	ahead    int // bytes that were read before the program had the connection
	token    uint64
	deadPeer time.Duration // bound on a vanished peer, or zero
	over     bool          // the kernel has closed the connection:
	reset    bool          // because of an error
	dead     bool          // because the peer had vanished
}

// begin watches fd for errors. EPOLLERR and EPOLLHUP always come, at an edge
// each. vanished is called when the kernel gives the peer up.
func (a *account) begin(l *loop.Loop, fd int, deadPeer time.Duration, vanished func()) {
	a.fd, a.deadPeer = fd, deadPeer
	a.token, _ = l.Add(fd, unix.EPOLLET, func(events uint32) {
		if a.note(events&unix.EPOLLERR != 0); a.dead {
			vanished()
		}
	})
}

// note looks at the connection when something has happened to it; failed says
// that EPOLLERR was seen. The program may have read the error first, and then
// only the state tells: a connection that has closed in order has our FIN
// acknowledged. Why the kernel has closed it can be told only right then.
func (a *account) note(failed bool) {
	a.reset = a.reset || failed
	if a.over {
		return
	}
	if info, ok := socket.InfoFD(a.fd); ok && info.State == socket.TCPClose {
		a.over = true
		a.reset = a.reset || !info.FINAcked()
		a.dead = a.deadPeer > 0 && givenUp(&info, a.deadPeer)
	}
}

// givenUp tells a vanished peer from one that reset or closed the connection.
// SO_ERROR would know, but is the program's. With --dead-peer the peer is asked
// four times in that time, so a long silence means that it did not answer; so
// does a window that stayed shut.
func givenUp(info *socket.TCPInfo, deadPeer time.Duration) bool {
	return info.LastAckRecv > deadPeer/2 || (info.SndWnd == 0 && info.LastDataSent > deadPeer/2)
}

// close reads the final counts into e. The caller closes the descriptor.
func (a *account) close(l *loop.Loop, e *run.Ending) {
	if a.token == 0 {
		return
	}
	a.note(pendingError(a.fd))
	l.Remove(a.fd, a.token)
	info, ok := socket.InfoFD(a.fd)
	if !ok {
		return
	}
	outq, _ := socket.Outq(a.fd)
	e.Counted = true
	e.BytesIn, e.BytesOut = a.octets(&info, outq)
	e.RTT, e.Retrans = info.RTT, info.Retrans
}

// reason is why the connection ended, when it was not the program's own doing.
func (a *account) reason(program handoff.Reason) handoff.Reason {
	switch {
	case a.dead:
		return handoff.DeadPeer
	case a.reset:
		return handoff.Reset
	}
	return program
}

// pendingError reports whether the socket has an error that nobody has read.
func pendingError(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLERR != 0
}

// octets are the bytes from and to the peer that the program has had.
func (a *account) octets(info *socket.TCPInfo, outq int) (in, out int64) {
	in, out = info.Octets(outq, a.reset)
	return max(in-int64(a.ahead), 0), out
}

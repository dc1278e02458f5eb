package server

import (
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// account keeps the books of a connection that a program owns, without touching
// its bytes: our duplicate of the socket tells what TCP has counted (TCP_INFO,
// tcp(7)). SO_ERROR is never read: that would steal the owner's error.
type account struct {
	token uint64
	reset bool // EPOLLERR was seen
}

// begin watches fd for errors. EPOLLERR and EPOLLHUP always come; one event is
// enough.
func (a *account) begin(l *loop, fd int) {
	a.token, _ = l.add(fd, unix.EPOLLONESHOT, func(events uint32) {
		if events&unix.EPOLLERR != 0 {
			a.reset = true
		}
	})
}

// close reads the final counts into e. The caller closes fd. deadPeer is the
// bound on a vanished peer, or zero.
func (a *account) close(l *loop, fd int, deadPeer time.Duration, e *ending) {
	a.reset = a.reset || pendingError(fd)
	if a.token != 0 {
		l.remove(fd, a.token)
	}
	info, ok := socket.InfoFD(fd)
	if !ok {
		return
	}
	outq, _ := socket.Outq(fd)
	e.counted = true
	e.bytesIn, e.bytesOut = octets(&info, outq, a.reset)
	e.rtt, e.retrans = info.RTT, info.Retrans
	if a.reset && (e.reason == handoff.Exit || e.reason == handoff.Signal) {
		e.reason = broken(&info, deadPeer)
	}
}

// broken tells a vanished peer from one that reset the connection. SO_ERROR
// would know, but is the program's. With --dead-peer the peer is asked four
// times in that time, so a long silence means that it did not answer.
func broken(info *socket.TCPInfo, deadPeer time.Duration) handoff.Reason {
	if deadPeer > 0 && info.LastAckRecv > deadPeer/2 {
		return handoff.DeadPeer
	}
	return handoff.Reset
}

// pendingError reports whether the socket has an error that nobody has read.
func pendingError(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLERR != 0
}

// The states of a TCP connection in TCP_INFO (tcp(7), include/net/tcp_states.h).
const (
	tcpFinWait1  = 4
	tcpFinWait2  = 5
	tcpTimeWait  = 6
	tcpClose     = 7
	tcpCloseWait = 8
	tcpLastAck   = 9
	tcpClosing   = 11
)

// octets are the bytes from and to the peer. TCP counts a FIN as one more byte,
// on either side, and outq (not acknowledged yet) holds an unacknowledged FIN.
func octets(info *socket.TCPInfo, outq int, reset bool) (in, out int64) {
	in, out = int64(info.BytesReceived), int64(info.BytesAcked)
	if !reset {
		out += int64(outq)
	}
	theirs, ours := fins(info.State, reset)
	if theirs && in > 0 {
		in--
	}
	if ours && out > 0 {
		out--
	}
	return in, out
}

// fins reports whether the peer's FIN was received, and ours sent.
func fins(state uint8, reset bool) (theirs, ours bool) {
	switch state {
	case tcpCloseWait:
		return true, false
	case tcpFinWait1, tcpFinWait2:
		return false, true
	case tcpLastAck, tcpClosing, tcpTimeWait:
		return true, true
	case tcpClose:
		return !reset, !reset
	}
	return false, false
}

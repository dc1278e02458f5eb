package socket

import (
	"syscall"
	"time"
)

// TCPInfo is what TCP_INFO tells about a connection (tcp(7)).
type TCPInfo struct {
	State         uint8  // TCP_ESTABLISHED is 1, as in /proc/net/tcp
	Retransmits   uint8  // of the segment that waits for its acknowledgement
	SynRetrans    uint8  // while the handshake lasts; afterwards Retrans counts them
	Retrans       uint32 // retransmitted segments in all, SYNs included
	Unacked       uint32 // segments sent and not acknowledged
	Lost          uint32 // segments considered lost now
	SndCwnd       uint32 // congestion window, segments
	SndMSS        uint32 // bytes
	RcvMSS        uint32 // bytes
	SegsIn        uint32
	SegsOut       uint32
	NotSent       uint32 // bytes queued and not sent yet
	BytesReceived uint64 // includes the peer's FIN
	BytesAcked    uint64 // includes our FIN, and our SYN on a connected socket
	BytesSent     uint64 // payload, retransmissions included
	BytesRetrans  uint64
	DeliveryRate  uint64 // bytes a second, latest estimate
	RTT           time.Duration
	RTTVar        time.Duration
	MinRTT        time.Duration
	LastDataRecv  time.Duration // since data came last
	LastAckRecv   time.Duration // since an acknowledgement came last
	LastDataSent  time.Duration // since data was sent last
	SndWnd        uint32        // bytes that the peer takes now
}

// The states of a TCP connection in TCP_INFO (tcp(7), include/net/tcp_states.h).
const (
	tcpFinWait1  = 4
	tcpFinWait2  = 5
	tcpTimeWait  = 6
	TCPClose     = 7 // it is over, whoever ended it
	tcpCloseWait = 8
	tcpLastAck   = 9
	tcpClosing   = 11
)

// Octets are the bytes from and to the peer: of a connection that was reset those
// that were acknowledged, of others also those on their way. TCP counts a FIN as
// one more byte, on either side, and outq, what is not acknowledged yet, holds an
// unacknowledged FIN.
func (i *TCPInfo) Octets(outq int, reset bool) (in, out int64) {
	in, out = int64(i.BytesReceived), int64(i.BytesAcked)
	if !reset {
		out += int64(outq)
	}
	theirs, ours := i.fins(reset)
	if theirs && in > 0 {
		in--
	}
	if ours && out > 0 {
		out--
	}
	return in, out
}

// fins reports whether the counts of a connection hold the peer's FIN, and ours.
// A connection that is closed now, and was not reset, has ended with both.
func (i *TCPInfo) fins(reset bool) (theirs, ours bool) {
	switch i.State {
	case tcpCloseWait:
		return true, false
	case tcpFinWait1, tcpFinWait2:
		return false, true
	case tcpLastAck, tcpClosing, tcpTimeWait:
		return true, true
	case TCPClose:
		return !reset, i.FINAcked()
	}
	return false, false
}

// FINAcked reports whether the peer has acknowledged our FIN, which TCP counts
// as one more byte acknowledged, but not as one sent.
func (i *TCPInfo) FINAcked() bool { return i.BytesAcked > i.BytesSent-i.BytesRetrans }

// Info reads TCP_INFO of a connection; ok is false for a socket or a system that has
// none. The connection stays the caller's.
func Info(c syscall.Conn) (info TCPInfo, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return TCPInfo{}, false
	}
	if err := raw.Control(func(fd uintptr) { info, ok = InfoFD(int(fd)) }); err != nil {
		return TCPInfo{}, false
	}
	return info, ok
}

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

// TCPClose is the State of a connection that is over, whoever ended it
// (net/tcp_states.h).
const TCPClose = 7

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

package socket

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// tcpSynSent and tcpSynRecv are the states of a handshake (net/tcp_states.h).
const (
	tcpSynSent = 2
	tcpSynRecv = 3
)

// InfoFD reads TCP_INFO of a descriptor, which stays the caller's.
func InfoFD(fd int) (TCPInfo, bool) {
	raw, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return TCPInfo{}, false
	}
	return infoOf(raw), true
}

func infoOf(raw *unix.TCPInfo) TCPInfo {
	info := TCPInfo{
		State: raw.State, Retransmits: raw.Retransmits,
		Retrans: raw.Total_retrans, Unacked: raw.Unacked, Lost: raw.Lost,
		SndCwnd: raw.Snd_cwnd, SndMSS: raw.Snd_mss, RcvMSS: raw.Rcv_mss,
		SegsIn: raw.Segs_in, SegsOut: raw.Segs_out, NotSent: raw.Notsent_bytes,
		BytesReceived: raw.Bytes_received, BytesAcked: raw.Bytes_acked,
		BytesSent: raw.Bytes_sent, BytesRetrans: raw.Bytes_retrans,
		DeliveryRate: raw.Delivery_rate,
		RTT:          micros(raw.Rtt), RTTVar: micros(raw.Rttvar), MinRTT: micros(raw.Min_rtt),
		LastDataRecv: time.Duration(raw.Last_data_recv) * time.Millisecond,
		LastAckRecv:  time.Duration(raw.Last_ack_recv) * time.Millisecond,
		LastDataSent: time.Duration(raw.Last_data_sent) * time.Millisecond,
		SndWnd:       raw.Snd_wnd,
	}
	if raw.State == tcpSynSent || raw.State == tcpSynRecv {
		info.SynRetrans = raw.Retransmits
	}
	return info
}

func micros(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }

// Outq returns how many bytes of a stream socket the peer has not acknowledged,
// with our FIN counted as one (SIOCOUTQ, tcp(7)).
func Outq(fd int) (int, error) {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return 0, fmt.Errorf("read SIOCOUTQ: %w", err)
	}
	return n, nil
}

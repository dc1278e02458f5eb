package relay

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// outq is SIOCOUTQ (tcp(7)): bytes in the send queue, our FIN among them.
func outq(c syscall.RawConn) (n int) {
	c.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return n
}

func tcpInfo(c syscall.RawConn) (info *unix.TCPInfo) {
	c.Control(func(fd uintptr) { info, _ = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	return info
}

const tcpClose = 7 // TCP_CLOSE of <netinet/tcp.h>

func tcpClosed(c syscall.RawConn) bool {
	info := tcpInfo(c)
	return info != nil && info.State == tcpClose
}

func bytesAcked(c syscall.RawConn) uint64 {
	if info := tcpInfo(c); info != nil {
		return info.Bytes_acked
	}
	return 0
}

package server

import (
	"golang.org/x/sys/unix"

	"nettool/internal/admit"
)

// refuse turns a connection away.
func (s *server) refuse(fd int, remote, local peer, cause admit.Cause) {
	if cause == admit.Full {
		s.accepting.full.enter(s.cfg.Log, s.door.Live())
	}
	s.counts.rejected[cause]++
	logReject(s.cfg.Log, remote.text, local.text, cause)
	if s.cfg.RejectMessage != "" {
		sayNo(fd, s.cfg.RejectMessage)
	}
	unix.Close(fd)
}

// sayNo sends the message without waiting, ends our side, and drops what the
// client has sent so far: closing with unread input would reset the message
// away. The caller closes fd.
func sayNo(fd int, message string) {
	err := unix.Sendto(fd, []byte(message), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	if err != nil || unix.Shutdown(fd, unix.SHUT_WR) != nil {
		return
	}
	var buf [4096]byte
	for range 64 {
		n, _, err := unix.Recvfrom(fd, buf[:], unix.MSG_DONTWAIT)
		if n <= 0 || err != nil {
			return
		}
	}
}

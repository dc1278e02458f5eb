package server

import (
	"net"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handler"
)

// turnAwayTime bounds an accept that may find nobody: with no descriptor free,
// the kernel says so whether or not somebody waits.
const turnAwayTime = 10 * time.Millisecond

// short handles that the accept of a connection failed for lack of something:
// with what is kept for that, one is closed that should not wait; otherwise the
// acceptor waits for so long as it returns, which grows with each failure.
func (s *inProcess) short(l net.Listener, err error, backoff time.Duration) time.Duration {
	s.mu.Lock()
	if !s.lack.said("accept") {
		s.cfg.Log.Error("accept", err)
	}
	away := s.cfg.Reject && spent(err) && !s.draining && !s.leaving && s.turnAway(l)
	s.mu.Unlock()
	if away {
		return 0
	}
	backoff = longer(backoff)
	time.Sleep(backoff)
	return backoff
}

// turnAway accepts one connection with the reserve's place and closes it. It
// returns false when there was none. s.mu is held, so that no drain begins and
// sets deadlines of its own.
func (s *inProcess) turnAway(l net.Listener) bool {
	d, ok := l.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return false
	}
	s.reserve.close()
	defer func() { s.reserve = newReserve() }()
	d.SetDeadline(time.Now().Add(turnAwayTime))
	defer d.SetDeadline(time.Time{})
	conn, err := l.Accept()
	if err != nil {
		return false
	}
	s.counts.rejected[admit.Resources]++
	logReject(s.cfg.Log, AddrText(conn.RemoteAddr()), AddrText(conn.LocalAddr()), admit.Resources)
	if c, ok := conn.(handler.StreamConn); ok && s.cfg.RejectMessage != "" {
		c.SetDeadline(time.Now().Add(turnAwayTime))
		c.Write([]byte(s.cfg.RejectMessage))
		c.CloseWrite()
	}
	conn.Close()
	return true
}

package server

import (
	"log/slog"
	"net/netip"
	"time"

	"nettool/internal/admit"
	"nettool/internal/proxy"
	"nettool/internal/server/run"
)

// Proxy says whose connections begin with a PROXY header. Once anybody is named,
// others are turned away.
type Proxy struct {
	From     []admit.Sender // they must send one
	Optional []admit.Sender // they send none
	Timeout  time.Duration  // for a header, since accept
}

// DefaultProxyTimeout is how long a PROXY header may take.
const DefaultProxyTimeout = 5 * time.Second

func (p *Proxy) any() bool { return len(p.From) > 0 }

// expects reports whether a connection from ip, which is invalid for a client of a
// unix socket, begins with a header; welcome is false when it may not be there.
func (p *Proxy) expects(ip netip.Addr) (header, welcome bool) {
	if !p.any() {
		return false, true
	}
	from, optional := admit.Match(p.From, ip), admit.Match(p.Optional, ip)
	return from > optional, max(from, optional) >= 0
}

// headerTime is how long a PROXY header may take. It is a part of --max-time.
func (c *Config) headerTime() time.Duration {
	if c.Limits.MaxTime > 0 {
		return min(c.Proxy.Timeout, c.Limits.MaxTime)
	}
	return c.Proxy.Timeout
}

// last is how many connections end the server, 0 if it does not count them.
func (c *Config) last() uint64 {
	if c.Once {
		return 1
	}
	return uint64(c.MaxTotal)
}

// complete reports whether there are as many connections as the server takes, or
// could be: those whose headers are not read yet, or of whom something is found out.
func (s *Server) complete() bool {
	last := s.cfg.last()
	return last > 0 && s.counts.Admitted+uint64(s.anonymous+len(s.meetings.open)) >= last
}

// Identify gives an anonymous connection what its header says, and decides about
// it. With a cause it is to be turned away.
func (s *Server) Identify(c *run.Conn, h proxy.Received) admit.Cause {
	c.Forwarded(h)
	ticket, cause := s.admission.identify(c.Ticket, c.Remote.Addr.Addr())
	if cause != admit.None {
		return cause
	}
	c.Ticket = ticket
	s.named(c)
	s.counts.Admitted++
	if last := s.cfg.last(); last > 0 && s.counts.Admitted >= last {
		s.loop.Post(func() { s.enter(draining) })
	}
	return admit.None
}

// named notes that a connection is not anonymous, or not there, any more.
func (s *Server) named(c *run.Conn) {
	if c.Anonymous {
		c.Anonymous = false
		s.anonymous--
	}
}

// TurnAway frees the slot of an anonymous connection and writes down why. The
// client is told if its socket is still there, and closed.
func (s *Server) TurnAway(c *run.Conn, cause admit.Cause, why string) {
	if !s.forget(c) {
		return
	}
	var more []slog.Attr
	if why != "" {
		more = append(more, slog.String("error", why))
	}
	s.rejected(c.Socket, cause, append(more, run.ViaAttrs(c.Via)...)...)
	if c.Open() {
		s.loop.Refuse(c.Socket, s.refusal(c.Socket), true)
	}
}

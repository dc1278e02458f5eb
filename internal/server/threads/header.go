package threads

import (
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/run"
)

// serveAnonymous is the goroutine of a connection that begins with a PROXY header.
// The loop decides about it, and has it back when it is turned away.
func (r *Runner) serveAnonymous(s *session) {
	s.stream.SetReadDeadline(s.accepted().Add(r.cfg.Child.HeaderTime))
	h, err := proxy.ReadHeader(s.stream)
	s.stream.SetReadDeadline(time.Time{})
	if err != nil {
		r.loop.Post(func() { r.turnAway(s, admit.Proxy, err.Error()) })
		return
	}
	s.activity.Moved(time.Since(s.accepted()))
	r.loop.Post(func() { r.decide(s, h) })
	select {
	case in := <-s.verdict:
		if in {
			r.serve(s)
		}
	case <-r.ended:
	}
}

// decide decides about a connection whose header was read.
func (r *Runner) decide(s *session, h proxy.Received) {
	if s.conn.Forced() {
		r.turnAway(s, admit.Proxy, "")
		return
	}
	if cause := r.host.Identify(s.conn, h); cause != admit.None {
		r.turnAway(s, cause, "")
		return
	}
	r.host.Opened(s.conn)
	s.verdict <- true
}

// turnAway ends a connection that has stayed anonymous. Its goroutine does not use
// it any more.
func (r *Runner) turnAway(s *session, cause admit.Cause, why string) {
	delete(r.live, s.conn)
	if s.verdict <- false; !s.conn.Forced() {
		r.host.TurnAway(s.conn, cause, why)
		r.loop.RefuseStream(s.stream, r.refusal(s.conn))
		return
	}
	s.stream.Close()
	e := s.conn.End(handoff.Now())
	e.Counted, e.Reason = true, s.conn.Cause(handoff.Proxy)
	r.host.Ended(s.conn, e)
}

// refusal is what a client hears that is turned away: nothing when it waits for a
// handshake.
func (r *Runner) refusal(c *run.Conn) string {
	if c.TLS {
		return ""
	}
	return r.cfg.Refusal
}

// Package threads runs the built-in handlers in goroutines of the server. What
// one of them does wrong, all of them suffer from; it works on every system.
package threads

import (
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/socket"
	"nettool/internal/tlsserve"
)

// quiet is how long no connection must come in before each end is told to the
// loop at once, and how often it looks for ends until then: to wake the loop for
// each would cost more than the connection.
const quiet = 10 * time.Millisecond

// Config says what the goroutines do.
type Config struct {
	Child    handoff.Config   // as children are told
	Attached []byte           // PEM text of which backends to trust, or empty
	TLS      *tlsserve.Keeper // of TLS connections; nil when there are none
	Refusal  string           // what those hear who are turned away because of their PROXY headers
}

// Runner is a run.Runner.
type Runner struct {
	handle handler.Func
	cfg    Config
	roots  *x509.CertPool // of backends behind TLS
	files  *os.Root       // where files go, or come from; or nil
	host   run.Host
	loop   *loop.Loop
	queue  []*run.Conn
	live   map[*run.Conn]*session
	ended  chan struct{} // closed by Close: nobody decides any more

	asking  atomic.Bool // ends are told at once
	tick    *loop.Timer
	started int // connections since the last tick

	mu   sync.Mutex
	over []*session // have ended, and are still in live
}

// session is one connection.
type session struct {
	conn    *run.Conn
	stream  loop.Stream
	in, out atomic.Int64
	end     run.Ending // once it is over

	activity handoff.Activity
	verdict  chan bool // of one that was anonymous: whether it may come in
	forward  handler.Forward
}

// New makes a runner of one handler.
func New(cfg Config, host run.Host) (*Runner, error) {
	handle, ok := handler.Lookup(cfg.Child.Handler)
	if !ok {
		return nil, fmt.Errorf("handler %q: there is no such handler", cfg.Child.Handler)
	}
	roots, err := handler.Trust(&cfg.Child.Forward, cfg.Attached)
	if err != nil {
		return nil, err
	}
	files, err := handler.OpenFiles(&cfg.Child)
	if err != nil {
		return nil, err
	}
	r := &Runner{
		handle: handle, cfg: cfg, roots: roots, files: files, host: host, loop: host.Loop(),
		live: map[*run.Conn]*session{}, ended: make(chan struct{}),
	}
	r.asking.Store(true)
	return r, nil
}

// Warm has nothing to prepare.
func (r *Runner) Warm(ready func()) error {
	r.loop.Post(ready)
	return nil
}

// Run queues a connection.
func (r *Runner) Run(c *run.Conn) { r.queue = append(r.queue, c) }

// Flush starts what is queued.
func (r *Runner) Flush() {
	if len(r.queue) > 0 {
		r.Collect()
		for _, c := range r.queue {
			r.start(c)
		}
		r.started += len(r.queue)
		clear(r.queue)
		r.queue = r.queue[:0]
	}
	r.watchful()
}

// watchful decides how the loop learns that connections have ended.
func (r *Runner) watchful() {
	switch {
	case len(r.live) >= r.host.Limit() || r.host.Waiting():
		if !r.asking.Load() {
			r.ask()
		}
	case r.tick == nil && r.started > 0:
		r.asking.Store(false)
		r.tick = r.loop.After(quiet, r.ticked)
	}
}

// ask has ends told at once from now on.
func (r *Runner) ask() {
	r.asking.Store(true)
	r.Collect()
}

// ticked looks for ends while connections come in.
func (r *Runner) ticked() {
	r.tick = nil
	if r.started == 0 || len(r.live) == 0 {
		r.started = 0
		r.ask()
		return
	}
	r.started = 0
	r.Collect()
	if !r.asking.Load() {
		r.tick = r.loop.After(quiet, r.ticked)
	}
}

// start begins to handle a connection, or gives it up.
func (r *Runner) start(c *run.Conn) {
	stream, err := c.Stream()
	if err != nil {
		c.Close()
		e := c.End(handoff.Now())
		e.Reason, e.Err = c.Cause(handoff.Error), err.Error()
		r.host.Ended(c, e)
		return
	}
	s := &session{conn: c, stream: stream}
	r.live[c] = s
	if c.Anonymous {
		s.verdict = make(chan bool, 1)
		go r.serveAnonymous(s)
		return
	}
	r.host.Opened(c)
	go r.serve(s)
}

// serve is a connection's goroutine. The result is there before the peer sees
// the end: whoever asks after it finds the connection gone.
func (r *Runner) serve(s *session) {
	conn := handler.Timed(s.stream, r.cfg.Child.Limits, s.accepted(), &s.activity)
	err := r.handler(s.conn)(&handler.Session{Conn: conn, QuitOn: r.cfg.Child.QuitOn, In: &s.in, Out: &s.out, Forward: r.forward(s), Files: r.filesOf(s)})
	s.finish(err)
	r.mu.Lock()
	r.over = append(r.over, s)
	first := len(r.over) == 1
	r.mu.Unlock()
	s.stream.Close()
	if first && r.asking.Load() {
		r.loop.Post(r.Collect)
	}
}

// handler is what handles a connection.
func (r *Runner) handler(c *run.Conn) handler.Func {
	if c.TLS {
		return tlsserve.Over(r.handle, r.cfg.TLS.Config(), r.cfg.Child.TLS.Timeout)
	}
	return r.handle
}

// accepted is when the connection came in.
func (s *session) accepted() time.Time {
	return time.Now().Add(-time.Duration(handoff.Now() - s.conn.Accepted))
}

// forward is what the handler of forwarded connections is given, or nil.
func (r *Runner) forward(s *session) *handler.Forward {
	c := s.conn
	if len(c.Routes) == 0 {
		return nil
	}
	s.forward = handler.Forward{
		Config: &r.cfg.Child.Forward, Roots: r.roots, Routes: c.Routes, Local: c.Local.Text, Remote: c.Remote.Text,
		Routed: func(backend int) {
			r.loop.Post(func() { r.host.Routed(c, backend) })
		},
	}
	return &s.forward
}

// finish makes the closing record of a connection that is still open.
func (s *session) finish(err error) {
	e := s.conn.End(handoff.Now())
	e.Counted, e.BytesIn, e.BytesOut = true, s.in.Load(), s.out.Load()
	e.Reason, e.Err = handler.ReasonOf(err)
	if info, ok := socket.Info(s.stream); ok {
		e.RTT, e.Retrans = info.RTT, info.Retrans
	}
	e.Forwarded(s.conn, s.forward.Reached, s.forward.Side)
	s.end = e
}

// End has no process to kill.
func (r *Runner) End() {}

// Collect ends the connections whose goroutines are done.
func (r *Runner) Collect() {
	r.mu.Lock()
	over := r.over
	r.over = nil
	r.mu.Unlock()
	for _, s := range over {
		delete(r.live, s.conn)
		if reason := s.conn.Cause(s.end.Reason); reason != s.end.Reason {
			s.end.Reason, s.end.Err = reason, ""
		}
		r.host.Ended(s.conn, s.end)
	}
}

// Stop ends a connection: a handler has nothing to tidy up.
func (r *Runner) Stop(c *run.Conn) { r.Kill(c) }

// Kill closes a connection under its handler.
func (r *Runner) Kill(c *run.Conn) {
	if s := r.live[c]; s != nil {
		s.stream.Close()
	}
}

// Inspect reads the live counts.
func (r *Runner) Inspect(visit func(*run.Conn, run.Live)) {
	for c, s := range r.live {
		l := run.Live{Counted: true, BytesIn: s.in.Load(), BytesOut: s.out.Load()}
		if info, ok := socket.Info(s.stream); ok {
			l.RTT, l.Retrans = info.RTT, info.Retrans
		}
		visit(c, l)
	}
}

// Gauge has no processes to tell of.
func (r *Runner) Gauge(*run.Gauges) {}

// Retire has nothing idle to end; the server wants to know of each end.
func (r *Runner) Retire() { r.ask() }

// Stuck is false: there is always room for a goroutine.
func (r *Runner) Stuck() bool { return false }

// Owns is false: there are no processes.
func (r *Runner) Owns(int) bool { return false }

// Left is how many connections are handled.
func (r *Runner) Left() int { return len(r.live) }

// Close ends the goroutines that wait for an answer of the loop.
func (r *Runner) Close() {
	close(r.ended)
	if r.files != nil {
		r.files.Close()
	}
}

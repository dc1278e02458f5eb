// Package stdio joins one connection to the server's own standard input and
// output, as connect does: the same rules, the same exit codes. Two things differ,
// since we are the server: an empty standard input does not end a client's
// upload, and a client that has ended its side still gets all that a file or a
// pipe has to say. A person at a terminal is done when the client is.
package stdio

import (
	"context"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/relay"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/tap"
	"nettool/internal/terminal"
	"nettool/internal/tlsserve"
)

// Config says what the connection is joined to, and how it ends.
type Config struct {
	In, Out *os.File
	QuitOn  string
	Limits  handoff.Limits // Idle and MaxTime
	Log     *report.Log
	TLS     *tlsserve.Keeper // of TLS connections, or nil
	Timeout time.Duration    // for their handshake; zero is no limit
}

// Runner is a run.Runner of one connection.
type Runner struct {
	cfg    Config
	host   run.Host
	loop   *loop.Loop
	conn   *run.Conn
	cancel context.CancelFunc
}

// New makes a runner.
func New(cfg Config, host run.Host) *Runner {
	return &Runner{cfg: cfg, host: host, loop: host.Loop()}
}

// Warm has nothing to prepare.
func (r *Runner) Warm(ready func()) error {
	r.loop.Post(ready)
	return nil
}

// Run begins the session.
func (r *Runner) Run(c *run.Conn) {
	r.conn = c
	c.PID = os.Getpid()
	conn, err := c.Conn()
	if err != nil {
		e := c.End(handoff.Now())
		e.Reason, e.Err, e.Told, e.With = handoff.Error, err.Error(), true, err
		r.ended(e)
		return
	}
	r.host.Opened(c)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	in := r.input()
	go r.serve(ctx, &relay.Session{
		Conn: conn, In: in, Out: r.cfg.Out,
		QuietEnd: true, FullDuplex: !isatty.IsTerminal(in.Fd()),
		Idle: r.cfg.Limits.Idle, Deadline: r.cfg.Limits.MaxTime, QuitOn: r.cfg.QuitOn,
	})
}

// input is our standard input, or nothing when that is a terminal at which somebody else is
// now: a server in the background of a shell must neither take what is typed there nor be
// stopped for it.
func (r *Runner) input() *os.File {
	if !terminal.Background(r.cfg.In) {
		return r.cfg.In
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return r.cfg.In
	}
	return null
}

// serve is the session's goroutine.
func (r *Runner) serve(ctx context.Context, s *relay.Session) {
	if r.conn.TLS {
		conn, err := tlsserve.Accept(ctx, s.Conn, r.cfg.TLS.Config(), r.cfg.Timeout)
		if err != nil {
			s.Conn.Close()
			e := r.conn.End(handoff.Now())
			e.Reason, e.Err, e.Told, e.With = handoff.TLS, err.Error(), true, exit.With(exit.Handshake, err)
			r.loop.Post(func() { r.ended(e) })
			return
		}
		s.Conn = conn
	}
	leave, err := r.atTerminal(ctx, s)
	if err != nil {
		r.cfg.Log.Error("stdio", err)
	}
	result, err := s.Run(ctx)
	leave()
	e := r.conn.End(handoff.Now())
	e.Counted, e.BytesIn, e.BytesOut = true, result.BytesIn, result.BytesOut
	e.Text, e.Told, e.With = result.Reason, true, err
	r.loop.Post(func() { r.ended(e) })
}

// atTerminal makes a terminal what connect makes of it: a person can edit lines, and
// sees the client's control characters. leave must be called.
func (r *Runner) atTerminal(ctx context.Context, s *relay.Session) (leave func(), err error) {
	if !isatty.IsTerminal(s.Out.Fd()) {
		return func() {}, nil
	}
	show, rest := tap.Visible()
	s.Incoming = func(p []byte) ([]byte, bool) { return show(p), false }
	if !terminal.Usable(s.In, s.Out) {
		return func() { s.Out.Write(rest()) }, nil
	}
	t, err := terminal.Open(ctx, terminal.Config{
		In: s.In, Out: s.Out, History: terminal.HistoryOf("serve " + r.conn.Local.Text),
		Ended: "end of standard input (^D)",
	})
	if err != nil {
		return func() { s.Out.Write(rest()) }, err
	}
	s.In, s.Out = t.In, t.Out
	return func() {
		s.Out.Write(rest())
		t.Close()
	}, nil
}

func (r *Runner) ended(e run.Ending) {
	c := r.conn
	r.conn = nil
	if r.cancel != nil {
		r.cancel()
	}
	r.host.Ended(c, e)
}

// Stop ends the session: what was received is still delivered.
func (r *Runner) Stop(*run.Conn) {
	if r.cancel != nil {
		r.cancel()
	}
}

// Kill is Stop.
func (r *Runner) Kill(c *run.Conn) { r.Stop(c) }

// End has no process to kill.
func (r *Runner) End() {}

// Flush has nothing queued.
func (r *Runner) Flush() {}

// Collect has nothing to collect: the goroutine tells.
func (r *Runner) Collect() {}

// Inspect knows of the connection that it is there.
func (r *Runner) Inspect(visit func(*run.Conn, run.Live)) {
	if r.conn != nil {
		visit(r.conn, run.Live{PID: r.conn.PID})
	}
}

// Gauge has no processes to tell of.
func (r *Runner) Gauge(*run.Gauges) {}

// Retire has nothing idle to end.
func (r *Runner) Retire() {}

// Stuck is false.
func (r *Runner) Stuck() bool { return false }

// Owns is false: there are no processes.
func (r *Runner) Owns(int) bool { return false }

// Left is 1 while there is a session.
func (r *Runner) Left() int {
	if r.conn != nil {
		return 1
	}
	return 0
}

// Close has nothing to end.
func (r *Runner) Close() {}

//go:build !portable

// Package front has connections prepared by warm children before a runner that
// knows nothing of that has them: what comes from the network first is read by a
// process that has this connection only. It is a PROXY header.
package front

import (
	"errors"

	"nettool/internal/server/pool"
	"nettool/internal/server/run"
)

// Front is a run.Runner made of two: the pool of the children, and the runner that
// is behind it. A connection is with one of them at a time.
type Front struct {
	children *pool.Pool
	behind   run.Runner
}

// New makes a front for a runner, which is the front's from then on, also when it
// fails. The children have no handler.
func New(cfg pool.Config, behind run.Runner, host run.Host) (*Front, error) {
	cfg.Next = behind.Run
	children, err := pool.New(cfg, host)
	if err != nil {
		behind.Close()
		return nil, err
	}
	return &Front{children, behind}, nil
}

// Warm starts the spare children, and prepares the runner behind them.
func (f *Front) Warm(ready func()) error {
	left := 2
	part := func() {
		if left--; left == 0 {
			ready()
		}
	}
	return errors.Join(f.children.Warm(part), f.behind.Warm(part))
}

// Run has an anonymous connection prepared, and others run at once.
func (f *Front) Run(c *run.Conn) {
	if c.Anonymous {
		f.children.Run(c)
		return
	}
	f.behind.Run(c)
}

// Flush starts what is queued.
func (f *Front) Flush() {
	f.children.Flush()
	f.behind.Flush()
}

// holder is who has the connection.
func (f *Front) holder(c *run.Conn) run.Runner {
	if f.children.Holds(c) {
		return f.children
	}
	return f.behind
}

// Stop tells who has the connection to end.
func (f *Front) Stop(c *run.Conn) { f.holder(c).Stop(c) }

// Kill ends who has the connection.
func (f *Front) Kill(c *run.Conn) { f.holder(c).Kill(c) }

// End kills every process that is left.
func (f *Front) End() {
	f.children.End()
	f.behind.End()
}

// Collect ends the connections whose runs are over.
func (f *Front) Collect() {
	f.children.Collect()
	f.behind.Collect()
}

// Inspect tells of the connections of both.
func (f *Front) Inspect(visit func(*run.Conn, run.Live)) {
	f.children.Inspect(visit)
	f.behind.Inspect(visit)
}

// Gauge adds up the processes of both.
func (f *Front) Gauge(g *run.Gauges) {
	var children, behind run.Gauges
	f.children.Gauge(&children)
	f.behind.Gauge(&behind)
	g.Waiting = children.Waiting + behind.Waiting
	g.Idle = children.Idle + behind.Idle
	g.Busy = children.Busy + behind.Busy
	g.Starting = children.Starting + behind.Starting
}

// Retire ends what is idle.
func (f *Front) Retire() {
	f.children.Retire()
	f.behind.Retire()
}

// Stuck reports whether one of them can take no connection.
func (f *Front) Stuck() bool { return f.children.Stuck() || f.behind.Stuck() }

// Owns reports whether a process is one of theirs.
func (f *Front) Owns(pid int) bool { return f.children.Owns(pid) || f.behind.Owns(pid) }

// Left is how many processes there are.
func (f *Front) Left() int { return f.children.Left() + f.behind.Left() }

// Close ends the goroutines and threads of both.
func (f *Front) Close() {
	f.children.Close()
	f.behind.Close()
}

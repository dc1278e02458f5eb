//go:build !portable

// Package front has connections prepared by warm children before a runner that knows
// nothing of that runs programs for them: what comes from the network first is read
// by a process that has this connection only. That is a PROXY header, and after it the
// program has the socket. Or the child stays between the two, since it speaks TLS, or
// because the program was there before its connection.
package front

import (
	"errors"

	"nettool/internal/server/pool"
	"nettool/internal/server/run"
)

// Programs is a runner that can have programs wait for their connections.
type Programs interface {
	run.Runner
	// Adopt gives a connection a program that waits. inner leads to it, and is the
	// caller's. It is false when none waits.
	Adopt(c *run.Conn) (inner int, ok bool)
	// Renew has other programs wait than those that do.
	Renew()
}

// Front is a run.Runner made of two: the pool of the children, and the runner that
// is behind it. A connection is with one of them at a time, or with both: joint.
type Front struct {
	host     run.Host
	hello    bool // a program is told first whom a relayed connection is from
	children *pool.Pool
	behind   Programs
	joints   map[*run.Conn]*joint
}

// New makes a front for the runner that behind makes. The children have no handler.
// With hello, a PROXY header of version 1 comes before the bytes of a relayed
// connection.
func New(cfg pool.Config, hello bool, behind func(run.Host) (Programs, error), host run.Host) (*Front, error) {
	f := &Front{host: host, hello: hello, joints: map[*run.Conn]*joint{}}
	var err error
	if f.behind, err = behind(ofPrograms{host, f}); err != nil {
		return nil, err
	}
	cfg.Next = f.next
	if f.children, err = pool.New(cfg, ofChildren{host, f}); err != nil {
		f.behind.Close()
		return nil, err
	}
	return f, nil
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

// Run has a connection prepared that needs it, and others run at once.
func (f *Front) Run(c *run.Conn) {
	if c.Anonymous || c.Relayed {
		f.children.Run(c)
		return
	}
	f.behind.Run(c)
}

// next has the program of a connection run that is prepared.
func (f *Front) next(c *run.Conn) {
	if c.Relayed {
		f.join(c)
		return
	}
	f.behind.Run(c)
}

// Flush starts what is queued.
func (f *Front) Flush() {
	f.children.Flush()
	f.behind.Flush()
}

// holder is who has the connection, or, of both, who ends first.
func (f *Front) holder(c *run.Conn) run.Runner {
	j := f.joints[c]
	switch {
	case j != nil && j.program == nil:
		return f.behind
	case j != nil || f.children.Holds(c):
		return f.children
	}
	return f.behind
}

// Stop tells who has the connection to end: the child that is beside a program ends
// with that.
func (f *Front) Stop(c *run.Conn) { f.holder(c).Stop(c) }

// Kill ends who has the connection.
func (f *Front) Kill(c *run.Conn) {
	j := f.joints[c]
	if j == nil {
		f.holder(c).Kill(c)
		return
	}
	if j.child == nil && f.children.Holds(c) {
		f.children.Kill(c)
	}
	if j.program == nil {
		f.behind.Kill(c)
	}
}

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

// Inspect tells of the connections of both. Where there is a child, it has counted
// the bytes, and the process is the program's once that is there.
func (f *Front) Inspect(visit func(*run.Conn, run.Live)) {
	f.children.Inspect(func(c *run.Conn, l run.Live) {
		l.PID = c.PID
		visit(c, l)
	})
	f.behind.Inspect(func(c *run.Conn, l run.Live) {
		if j := f.joints[c]; j == nil || j.child != nil {
			visit(c, l)
		}
	})
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

// Renew has other programs wait than those that do.
func (f *Front) Renew() { f.behind.Renew() }

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

// ofChildren is the host that the pool sees.
type ofChildren struct {
	run.Host
	front *Front
}

// Ended takes the end of a child's part.
func (h ofChildren) Ended(c *run.Conn, e run.Ending) { h.front.childEnded(c, e) }

// ofPrograms is the host that the runner of programs sees.
type ofPrograms struct {
	run.Host
	front *Front
}

// Ended takes the end of a program's part.
func (h ofPrograms) Ended(c *run.Conn, e run.Ending) { h.front.programEnded(c, e) }

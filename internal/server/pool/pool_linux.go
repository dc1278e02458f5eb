//go:build !portable

// Package pool runs the built-in handlers in warm children: each handles one
// connection at a time and comes back for the next.
package pool

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/oom"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/spawn"
	"nettool/internal/stage"
	"nettool/internal/tlsserve"
)

// Config says which children a pool has.
type Config struct {
	Child       handoff.Config
	Attached    *handoff.Sealed  // for the children, or nil
	Spare       int              // children that wait
	MaxRequests int              // connections per child, a tenth more or less
	KillAfter   time.Duration    // what a child may take longer than its limits; negative is no limit
	Reject      bool             // a connection does not wait for a child that cannot be started
	Environ     []string         // the server's, of which children get a part
	TLS         *tlsserve.Keeper // of TLS connections; nil when there are none
	Log         *report.Log

	// Starter starts the children, which begin with the capabilities Ambient. It is the
	// pool's from then on, also when New fails; nil starts them as ever.
	Starter stage.Starter
	Ambient []uintptr

	// Next has the program of a connection run that is prepared, when the children have
	// no handler. It takes over the connection with its socket; but one that is relayed,
	// which has none any more, stays its child's as well: see Join.
	Next func(*run.Conn)
}

// Pool is a run.Runner. Results stand in the children's pages. The pool looks
// there when it needs a child, and every few milliseconds while connections
// come in; when it is quiet, or when too many are busy to look at, it asks the
// children to send a message instead. Children that have no handler always do.
type Pool struct {
	cfg     Config
	host    run.Host
	loop    *loop.Loop
	board   *handoff.Board
	secrets secrets
	spawner spawner

	idle     []*worker // the last one came back last
	busy     map[*run.Conn]*worker
	children map[*worker]struct{} // all, until they are reaped
	starting int
	dying    int         // retired or dead, not reaped yet
	pending  []*run.Conn // admitted, no child yet

	onReady  func()
	retiring bool
	ended    bool // all children are killed
	asking   bool // children send Done messages
	tick     *loop.Timer
	assigned int // connections since the last tick
	serial   int // of children, to spread their ends
	trimmer  *loop.Timer
	guard    *loop.Timer   // of lookAfter
	pace     time.Duration // of lookAfter
	patience patience

	failures int // children in a row that did not get ready
	resting  bool
}

// worker is one child.
type worker struct {
	child   *handoff.Child
	token   uint64
	conn    *run.Conn // at hand, or nil
	limit   uint64
	said    uint64    // messages
	since   time.Time // it started, became idle, was given its connection, was retired
	warm    bool
	retired bool   // it was told to end, or has ended
	ended   bool   // we have killed it
	fault   string // why, when it did not do what it must
	words   words
	secrets *tlsserve.Material // that it has been given
	verdict verdict
	begun   bool // it has said that its connection can begin
	asks    bool // it waits for an answer about a file
}

const (
	// quiet is how long no connection must come in before the pool asks for
	// messages, and how often it looks at the pages until then.
	quiet = 10 * time.Millisecond
	// crowd is how many busy children are too many to look at one by one.
	crowd = 128
	// idleFor is how long a child beyond the spares waits before it is retired.
	idleFor = 10 * time.Second
)

// New makes a pool without children.
func New(cfg Config, host run.Host) (*Pool, error) {
	if cfg.Starter == nil {
		cfg.Starter = &spawn.Starter{}
	}
	board, err := handoff.NewBoard()
	if err != nil {
		cfg.Starter.Close()
		return nil, err
	}
	if cfg.Next == nil {
		smallPages()
	}
	cfg.Child.OOM = oom.OfOne()
	p := &Pool{cfg: cfg, host: host, loop: host.Loop(), board: board, busy: map[*run.Conn]*worker{}, children: map[*worker]struct{}{}}
	p.patience, p.pace = usualPatience, pace(cfg.Child.Limits, cfg.KillAfter)
	p.spawner = newSpawner(p.loop, &handoff.Spawner{
		Config:   cfg.Child,
		Board:    board,
		Attached: cfg.Attached,
		Environ:  childEnviron(cfg.Environ),
		Starter:  cfg.Starter,
		Ambient:  cfg.Ambient,
	}, cfg.Starter.Close)
	p.ask(true)
	return p, nil
}

// smallPages keeps huge pages from this process and from those that it starts, where the
// system has them for everybody (prctl(2), PR_SET_THP_DISABLE): a child writes to less
// than half of one. A program would inherit it, and may want them. An old kernel has no
// such call, and then it stays as it is. Under the race detector a child touches 13 MB
// before it does anything, and small pages would be most of what its start costs.
func smallPages() {
	if !underRaceDetector {
		unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
	}
}

// Warm starts the spares.
func (p *Pool) Warm(ready func()) error {
	p.onReady = ready
	p.restock()
	if p.starting == 0 {
		ready()
	}
	return nil
}

// Run queues a connection for the next idle child.
func (p *Pool) Run(c *run.Conn) {
	p.pending = append(p.pending, c)
}

// Flush gives pending connections to idle children, starts what is missing, and
// ends what is not needed any more.
func (p *Pool) Flush() {
	if len(p.pending) > 0 && len(p.busy) <= crowd {
		p.Collect() // who has just finished is warm, and spares us a new child
	}
	for len(p.pending) > 0 {
		w := p.takeIdle()
		if w == nil {
			break
		}
		c := p.pending[0]
		p.pending = p.pending[1:]
		p.give(w, c)
	}
	p.watchful()
	p.restock()
	if p.over() {
		p.retireIdle(0)
	}
	p.keepLooking()
}

// takeIdle takes the child that came back last: its memory is the warmest.
func (p *Pool) takeIdle() *worker {
	if len(p.idle) == 0 {
		return nil
	}
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return w
}

// give hands a connection to a child. When that fails the child is dead or
// broken, and the connection goes to another.
func (p *Pool) give(w *worker, c *run.Conn) {
	m := handoff.Conn{
		ID: c.ID, Accepted: c.Accepted, Local: c.Local.Text, Remote: c.Remote.Text,
		Anonymous: c.Anonymous, TLS: c.TLS, Relayed: c.Relayed, Routes: c.Routes,
	}
	err := p.equip(w)
	if err == nil {
		err = w.child.Send(&m, c.FD)
	}
	if err != nil {
		p.pending = append([]*run.Conn{c}, p.pending...)
		p.bury(w, true)
		return
	}
	c.PID, w.conn, w.since = w.child.PID, c, time.Now()
	p.busy[c] = w
	p.assigned++
	if !c.Anonymous {
		p.open(c)
	}
}

// open notes that a child runs the connection, whose socket is the child's alone. One
// that is a program's is open when that is there.
func (p *Pool) open(c *run.Conn) {
	c.Close()
	if p.cfg.Next == nil {
		p.host.Opened(c)
	}
}

// watchful decides how the pool learns that connections have ended. While any
// child is busy, either messages are asked for or the tick runs.
func (p *Pool) watchful() {
	if len(p.busy) == 0 || p.cfg.Next != nil {
		return
	}
	if len(p.pending) > 0 || len(p.busy) > crowd {
		if !p.asking {
			p.ask(true)
			p.Collect()
		}
		return
	}
	if p.tick == nil && (p.assigned > 0 || !p.asking) {
		p.ask(false)
		p.tick = p.loop.After(quiet, p.ticked)
	}
}

// ticked looks at the pages while connections come in, and asks for messages
// once none do.
func (p *Pool) ticked() {
	p.tick = nil
	if p.assigned == 0 {
		p.ask(true)
	}
	p.assigned = 0
	p.Collect()
	if !p.asking && len(p.busy) > 0 {
		p.tick = p.loop.After(quiet, p.ticked)
	}
}

func (p *Pool) ask(on bool) {
	p.asking = on
	p.board.Want(on)
}

// Collect takes the results of all children that have finished.
func (p *Pool) Collect() {
	if p.cfg.Next != nil {
		return // a message of each is on its way
	}
	for _, w := range p.busy {
		if w.child.Finished() {
			p.finished(w)
		}
	}
}

// finished takes a child's result and makes it idle again.
func (p *Pool) finished(w *worker) {
	c, r, v := w.conn, w.child.Take(), w.verdict
	p.release(w)
	if c.Anonymous {
		p.turnAway(c, v, &r)
		return
	}
	p.host.Ended(c, closed(c, &r))
}

// release makes a child that has finished idle again, unless it is not needed any
// more.
func (p *Pool) release(w *worker) {
	p.free(w)
	if w.child.Sent() >= w.limit || p.over() {
		p.bury(w, false)
	} else {
		p.rest(w)
	}
}

// free notes that a child has no connection any more.
func (p *Pool) free(w *worker) {
	delete(p.busy, w.conn)
	w.conn, w.verdict, w.begun, w.asks = nil, verdict{}, false, false
}

// rest puts a child among the idle ones.
func (p *Pool) rest(w *worker) {
	w.since = time.Now()
	p.idle = append(p.idle, w)
	p.scheduleTrim()
}

// over reports whether a child that comes back is not needed any more.
func (p *Pool) over() bool {
	return p.retiring && len(p.pending) == 0 && !p.host.Waiting()
}

// closed is the closing record that a child's result makes.
func closed(c *run.Conn, r *handoff.Result) run.Ending {
	e := c.End(clamp(r.Ended, c.Accepted))
	e.Reason = c.Cause(r.Reason)
	e.Counted, e.BytesIn, e.BytesOut = true, r.BytesIn, r.BytesOut
	e.WireIn, e.WireOut = max(r.WireIn, 0), max(r.WireOut, 0)
	e.RTT, e.Retrans = time.Duration(r.RTT)*time.Microsecond, r.Retrans
	e.Err = r.Error
	e.Forwarded(c, r.Reached, r.Side)
	return e
}

// clamp keeps a child's clock within what can be true.
func clamp(ended, accepted int64) int64 { return max(min(ended, handoff.Now()), accepted) }

// Stop kills the child that has the connection: a built-in has nothing to tidy
// up. One that reads a header sees the end of it.
func (p *Pool) Stop(c *run.Conn) {
	if p.busy[c] != nil && c.Anonymous {
		c.Shutdown()
		return
	}
	p.Kill(c)
}

// Holds reports whether the pool has the connection.
func (p *Pool) Holds(c *run.Conn) bool { return p.busy[c] != nil || slices.Contains(p.pending, c) }

// Kill kills the child that has the connection, and ends a connection that has no
// child yet.
func (p *Pool) Kill(c *run.Conn) {
	if w := p.busy[c]; w != nil {
		p.kill(w)
	} else if c.FD >= 0 {
		p.abandon(c)
	}
}

// abandon ends a connection that has no child yet.
func (p *Pool) abandon(c *run.Conn) {
	for i, waiting := range p.pending {
		if waiting == c {
			p.pending = append(p.pending[:i:i], p.pending[i+1:]...)
			break
		}
	}
	c.Close()
	e := c.End(handoff.Now())
	e.Reason = c.Cause(handoff.Error)
	p.host.Ended(c, e)
}

// Close ends the goroutine that starts children.
func (p *Pool) Close() {
	close(p.spawner.orders)
	p.secrets.sealed.Close()
}

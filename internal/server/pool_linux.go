package server

import (
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// pool runs connections in warm children: each handles one at a time and comes
// back for the next. Results stand in the children's pages. The pool looks
// there when it needs a child, and every few milliseconds while connections
// come in; when it is quiet, or when too many are busy to look at, it asks the
// children to send a message instead.
type pool struct {
	s       *server
	board   *handoff.Board
	spawner spawner

	idle     []*worker // the last one came back last
	busy     map[*worker]struct{}
	starting int
	dying    int     // retired or dead, not reaped yet
	pending  []*conn // admitted, no child yet

	onReady  func()
	retiring bool
	asking   bool // children send Done messages
	tick     *timer
	assigned int // connections since the last tick
	serial   int // of children, to spread their ends
	trimmer  *timer

	failures int // children in a row that did not get ready
	resting  bool
}

// worker is one child.
type worker struct {
	child *handoff.Child
	token uint64
	conn  *conn // at hand, or nil
	limit uint64
	since time.Time // it became idle
	warm  bool
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

func newPool(s *server) (*pool, error) {
	board, err := handoff.NewBoard()
	if err != nil {
		return nil, err
	}
	p := &pool{s: s, board: board, busy: map[*worker]struct{}{}}
	p.spawner = newSpawner(s.loop, &handoff.Spawner{
		Config:  handoff.Config{Handler: s.cfg.Handler, QuitOn: s.cfg.QuitOn, Limits: s.cfg.Limits},
		Board:   board,
		Environ: childEnviron(s.cfg.Environ),
		Stderr:  2,
	})
	p.ask(true)
	return p, nil
}

func (p *pool) warm(ready func()) error {
	p.onReady = ready
	p.restock()
	if p.starting == 0 {
		ready()
	}
	return nil
}

// run queues a connection for the next idle child.
func (p *pool) run(c *conn) {
	p.pending = append(p.pending, c)
}

// flush gives pending connections to idle children, starts what is missing, and
// ends what is not needed any more.
func (p *pool) flush() {
	if len(p.pending) > 0 && len(p.busy) <= crowd {
		p.collect() // who has just finished is warm, and spares us a new child
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
}

// takeIdle takes the child that came back last: its memory is the warmest.
func (p *pool) takeIdle() *worker {
	if len(p.idle) == 0 {
		return nil
	}
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return w
}

// give hands a connection to a child. When that fails the child is dead or
// broken, and the connection goes to another.
func (p *pool) give(w *worker, c *conn) {
	m := handoff.Conn{ID: c.id, Accepted: c.accepted, Local: c.local.text, Remote: c.remote.text}
	if err := w.child.Send(&m, c.fd); err != nil {
		p.pending = append([]*conn{c}, p.pending...)
		p.bury(w, true)
		return
	}
	unix.Close(c.fd)
	c.fd, c.pid, w.conn = -1, w.child.PID, c
	p.busy[w] = struct{}{}
	p.assigned++
	p.backUp(c)
	p.s.opened(c)
}

// backUp kills a child that does not keep to --max-time by itself.
func (p *pool) backUp(c *conn) {
	if limit := p.s.cfg.Limits.MaxTime; limit > 0 {
		c.guard = p.s.loop.after(limit+p.s.cfg.KillAfter, func() {
			c.force, c.forced = true, handoff.MaxTime
			p.signal(c, unix.SIGKILL)
		})
	}
}

// watchful decides how the pool learns that connections have ended. While any
// child is busy, either messages are asked for or the tick runs.
func (p *pool) watchful() {
	if len(p.busy) == 0 {
		return
	}
	if len(p.pending) > 0 || len(p.busy) > crowd {
		if !p.asking {
			p.ask(true)
			p.collect()
		}
		return
	}
	if p.tick == nil && (p.assigned > 0 || !p.asking) {
		p.ask(false)
		p.tick = p.s.loop.after(quiet, p.ticked)
	}
}

// ticked looks at the pages while connections come in, and asks for messages
// once none do.
func (p *pool) ticked() {
	p.tick = nil
	if p.assigned == 0 {
		p.ask(true)
	}
	p.assigned = 0
	p.collect()
	if !p.asking && len(p.busy) > 0 {
		p.tick = p.s.loop.after(quiet, p.ticked)
	}
}

func (p *pool) ask(on bool) {
	p.asking = on
	p.board.Want(on)
}

// collect takes the results of all children that have finished.
func (p *pool) collect() {
	for w := range p.busy {
		if w.child.Finished() {
			p.finished(w)
		}
	}
}

// finished takes a child's result and makes it idle again.
func (p *pool) finished(w *worker) {
	c, r := w.conn, w.child.Take()
	delete(p.busy, w)
	w.conn = nil
	if w.child.Sent() >= w.limit || p.over() {
		p.bury(w, false)
	} else {
		p.rest(w)
	}
	p.s.ended(c, closed(c, &r))
}

// rest puts a child among the idle ones.
func (p *pool) rest(w *worker) {
	w.since = time.Now()
	p.idle = append(p.idle, w)
	p.scheduleTrim()
}

// over reports whether a child that comes back is not needed any more.
func (p *pool) over() bool {
	return p.retiring && len(p.pending) == 0 && len(p.s.accepting.backlog) == 0
}

// closed is the closing record that a child's result makes.
func closed(c *conn, r *handoff.Result) ending {
	e := c.end(clamp(r.Ended, c.accepted))
	e.reason = c.cause(r.Reason)
	e.counted, e.bytesIn, e.bytesOut = true, r.BytesIn, r.BytesOut
	e.rtt, e.retrans = time.Duration(r.RTT)*time.Microsecond, r.Retrans
	e.err = r.Error
	return e
}

// clamp keeps a child's clock within what can be true.
func clamp(ended, accepted int64) int64 { return max(min(ended, handoff.Now()), accepted) }

// signal kills the child that has the connection. A built-in has nothing to
// tidy up, and ignores everything but SIGKILL.
func (p *pool) signal(c *conn, sig unix.Signal) {
	if c.pid > 0 {
		unix.Kill(-c.pid, unix.SIGKILL)
		return
	}
	p.abandon(c)
}

// abandon ends a connection that has no child yet.
func (p *pool) abandon(c *conn) {
	for i, waiting := range p.pending {
		if waiting == c {
			p.pending = append(p.pending[:i:i], p.pending[i+1:]...)
			break
		}
	}
	unix.Close(c.fd)
	c.fd = -1
	e := c.end(handoff.Now())
	e.reason = c.cause(handoff.Error)
	p.s.ended(c, e)
}

func (p *pool) retire() {
	p.retiring = true
	p.s.loop.cancel(p.tick)
	p.tick = nil
	p.ask(true)
	p.collect()
}

// retireIdle ends idle children until keep are left, the ones that waited
// longest first.
func (p *pool) retireIdle(keep int) {
	for len(p.idle) > keep {
		w := p.idle[0]
		p.idle = p.idle[1:]
		p.bury(w, false)
	}
}

// trim retires children beyond the spares that have waited long.
func (p *pool) trim() {
	p.trimmer = nil
	cutoff := time.Now().Add(-idleFor)
	for len(p.idle) > p.s.cfg.Spare && p.idle[0].since.Before(cutoff) {
		p.retireIdle(len(p.idle) - 1)
	}
	p.scheduleTrim()
}

func (p *pool) scheduleTrim() {
	if p.trimmer == nil && len(p.idle) > p.s.cfg.Spare && !p.retiring {
		p.trimmer = p.s.loop.after(idleFor/2, p.trim)
	}
}

func (p *pool) close() { close(p.spawner.orders) }

func (p *pool) processes() int { return len(p.idle) + len(p.busy) + p.starting + p.dying }

// spread is a child's own --max-requests: a tenth more or less, so that they do
// not all end together.
func (p *pool) spread() uint64 {
	n := p.s.cfg.MaxRequests
	if n < 10 {
		return uint64(max(n, 1))
	}
	p.serial++
	return uint64(n - n/10 + (p.serial*37)%(n/5+1))
}

// message handles what a child says, or its death.
func (p *pool) message(w *worker) {
	m, err := w.child.Receive()
	switch {
	case err == unix.EAGAIN:
		return
	case err != nil:
		p.died(w)
		return
	}
	switch m.(type) {
	case *handoff.Ready:
		p.becameReady(w)
	case *handoff.Done:
		if _, ok := p.busy[w]; ok && w.child.Finished() {
			p.finished(w)
		}
	default:
		p.s.cfg.Log.Error("child", fmt.Errorf("child %d sent an unexpected %T", w.child.PID, m), slog.Int("pid", w.child.PID))
		p.died(w)
	}
}

func (p *pool) becameReady(w *worker) {
	if w.warm {
		return
	}
	w.warm = true
	p.starting--
	p.failures = 0
	p.rest(w)
	if p.onReady != nil && p.starting == 0 {
		p.onReady()
		p.onReady = nil
	}
}

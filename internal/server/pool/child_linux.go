//go:build !portable

package pool

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// spawner starts children in a goroutine of its own, so that the loop never
// waits for a fork.
type spawner struct {
	loop   *loop.Loop
	spec   *handoff.Spawner
	orders chan func(*handoff.Child, error)
	close  func() // ends what starts them
}

// spawnQueue bounds how many children are on order.
const spawnQueue = 8

func newSpawner(l *loop.Loop, spec *handoff.Spawner, end func()) spawner {
	sp := spawner{loop: l, spec: spec, orders: make(chan func(*handoff.Child, error), spawnQueue), close: end}
	go sp.work()
	return sp
}

// work is the spawner's goroutine, until there are no more orders.
func (sp spawner) work() {
	defer sp.close()
	for deliver := range sp.orders {
		child, err := sp.spec.Spawn()
		sp.loop.Post(func() { deliver(child, err) })
	}
}

// restock orders children until the spares, and one for each pending
// connection, are there or on order.
func (p *Pool) restock() {
	want := len(p.pending)
	if !p.retiring {
		want += p.cfg.Spare
	}
	for !p.resting && len(p.idle)+p.starting < want && p.mayStart() {
		p.starting++
		p.spawner.orders <- p.spawned
	}
}

// mayStart reports whether there may be one more child. Those that end count,
// too, but for a few: they may take their time.
func (p *Pool) mayStart() bool {
	alive, most := len(p.idle)+len(p.busy)+p.starting, p.host.Limit()+p.cfg.Spare
	return p.starting < spawnQueue && alive < most && alive+p.dying < most+spawnQueue
}

// spawned takes delivery of a child, which is not warm yet.
func (p *Pool) spawned(child *handoff.Child, err error) {
	if err != nil {
		p.starting--
		p.startFailed(err)
		return
	}
	p.host.Spawned(nil)
	w := &worker{child: child, limit: p.spread(), since: time.Now()}
	p.children[w] = struct{}{}
	if p.ended {
		p.kill(w)
	}
	w.token, err = p.loop.Add(child.Sock, unix.EPOLLIN, func(uint32) { p.message(w) })
	if err != nil {
		p.starting--
		p.bury(w, true)
		p.startFailed(err)
	}
}

// message handles what a child says, or its death.
func (p *Pool) message(w *worker) {
	m, err := w.child.Receive()
	switch {
	case err == unix.EAGAIN:
	case err != nil && w.retired:
		p.deafen(w)
	case err != nil:
		p.died(w)
	default:
		p.take(w, m)
	}
}

// take acts upon what a child says. Of one that was retired only its last words
// count.
func (p *Pool) take(w *worker, m handoff.Message) {
	if text, ok := m.(handoff.Text); ok {
		p.hear(w, text)
		return
	}
	switch m := m.(type) {
	case *handoff.Ask:
		p.asked(w, m)
		return
	case *handoff.Room:
		p.room(w, m)
		return
	case *handoff.Filed:
		p.filed(w, m)
		return
	}
	if w.said++; w.said > 1+2*w.child.Sent() { // Ready, and Routed and Done for each
		p.breach(w, "more messages than it had connections")
		return
	}
	switch m := m.(type) {
	case *handoff.Ready:
		p.becameReady(w)
	case *handoff.Done:
		if p.busy[w.conn] == w && w.child.Finished() {
			p.finished(w)
		}
	case *handoff.Secured:
		p.begin(w, m)
	case *handoff.Routed:
		if w.conn != nil && w.conn.ID == m.ID {
			p.host.Routed(w.conn, m.Backend)
		}
	default:
		p.breach(w, fmt.Sprintf("an unexpected %T", m))
	}
}

// breach ends a child that broke the contract.
func (p *Pool) breach(w *worker, what string) {
	p.cfg.Log.Error("child", fmt.Errorf("child %d sent %s", w.child.PID, what), slog.Int("pid", w.child.PID))
	p.deafen(w) // there may be more of it
	if w.retired {
		unix.Kill(-w.child.PID, unix.SIGKILL)
		return
	}
	p.died(w)
}

func (p *Pool) becameReady(w *worker) {
	if w.warm || w.retired {
		return
	}
	w.warm = true
	p.starting--
	p.failures = 0
	p.equip(w) // what goes wrong is found out with its first connection
	p.rest(w)
	if p.onReady != nil && p.starting == 0 {
		p.onReady()
		p.onReady = nil
	}
}

// startFailed backs off: a child that cannot start must not become a fork storm.
func (p *Pool) startFailed(err error) {
	p.failures++
	p.host.Spawned(err)
	doing := "child"
	if loop.Exhausted(err) {
		doing = "pool"
	}
	p.host.Short(doing, err)
	if p.cfg.Reject {
		p.giveUp(err)
	}
	rest := min(loop.FirstBackoff<<min(p.failures-1, 10), loop.LastBackoff)
	p.resting = true
	p.loop.After(rest, func() { p.resting = false })
}

// giveUp closes the connections that wait for a child.
func (p *Pool) giveUp(err error) {
	pending := p.pending
	p.pending = nil
	for _, c := range pending {
		c.Close()
		e := c.End(handoff.Now())
		e.Reason, e.Err = c.Cause(handoff.Error), err.Error()
		p.host.Ended(c, e)
	}
}

// Stuck reports whether no child is idle and none can be started now.
func (p *Pool) Stuck() bool {
	return p.resting && len(p.idle) == 0 && (len(p.pending) > 0 || p.cfg.Reject)
}

// died handles the end of a child that the parent did not retire, or that broke
// the contract. Its connection, if it has one, ends with it.
func (p *Pool) died(w *worker) {
	if !w.warm {
		p.starting--
	}
	if i := slices.Index(p.idle, w); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	delete(p.busy, w.conn)
	p.bury(w, true)
}

// bury retires a child and reaps it when it has ended. A child that is broken is
// killed, so that it cannot keep us waiting.
func (p *Pool) bury(w *worker, broken bool) {
	p.dying++
	w.retired, w.since = true, time.Now()
	w.child.Retire()
	if broken {
		unix.Kill(w.child.PID, unix.SIGKILL)
	}
	p.awaitExit(w, broken)
}

// awaitExit reaps the child once its pidfd says that it has ended. The pid is
// ours until then: nobody else reaps.
func (p *Pool) awaitExit(w *worker, broken bool) {
	fd, err := unix.PidfdOpen(w.child.PID, 0)
	if err != nil { // out of descriptors: come back later
		p.loop.After(loop.FirstBackoff, func() { p.awaitExit(w, broken) })
		return
	}
	var token uint64
	token, err = p.loop.Add(fd, unix.EPOLLIN, func(uint32) {
		p.loop.Remove(fd, token)
		unix.Close(fd)
		p.reaped(w, broken, run.Reap(w.child.PID))
	})
	if err != nil {
		unix.Close(fd)
		p.loop.After(loop.FirstBackoff, func() { p.awaitExit(w, broken) })
	}
}

// reaped is the end of a child: of its connection too, if it had one.
func (p *Pool) reaped(w *worker, broken bool, st run.Status) {
	p.dying--
	delete(p.children, w)
	p.hearOut(w)
	if c := w.conn; c != nil {
		p.bereave(w, c, st)
	}
	w.child.Release()
	if !w.ended && (broken || st.Signal != 0 || st.Code != 0) {
		p.host.ChildExit(append(st.Attrs(), w.about()...)...)
	}
	if broken && !w.warm && !p.ended {
		p.startFailed(fmt.Errorf("child %d ended before it was ready: %s", w.child.PID, st))
	}
}

// bereave ends a connection whose child has died.
func (p *Pool) bereave(w *worker, c *run.Conn, st run.Status) {
	v := w.verdict
	p.free(w)
	switch {
	case c.Anonymous && (w.child.Finished() || v.cause != admit.None):
		r := w.child.Take()
		p.turnAway(c, v, &r)
	default:
		c.Close()
		p.host.Ended(c, p.lost(c, w, st))
	}
}

// lost is the closing record of a connection whose child died: the counts in
// its page are as far as it came.
func (p *Pool) lost(c *run.Conn, w *worker, st run.Status) run.Ending {
	if w.child.Finished() {
		r := w.child.Take()
		return closed(c, &r)
	}
	r := handoff.Result{Ended: handoff.Now(), Reason: st.Reason()}
	r.BytesIn, r.BytesOut = w.child.Page().Counts()
	e := closed(c, &r)
	e.Err = w.fault
	e.Exit, e.Signal = st.Code, st.Signal
	return e
}

// childEnviron is the environment of a child that runs a built-in: what the Go
// runtime and the time zone need, and nothing that could be a secret.
func childEnviron(environ []string) []string {
	var env []string
	for _, kv := range environ {
		key, _, _ := strings.Cut(kv, "=")
		switch key {
		case "TZ", "GOTRACEBACK", "GODEBUG", "GORACE", "GOCOVERDIR":
			env = append(env, kv)
		}
	}
	return env
}

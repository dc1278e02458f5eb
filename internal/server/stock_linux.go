package server

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// spawner starts children in a goroutine of its own, so that the loop never
// waits for a fork.
type spawner struct {
	loop   *loop
	spec   *handoff.Spawner
	orders chan func(*handoff.Child, error)
}

// spawnQueue bounds how many children are on order.
const spawnQueue = 8

func newSpawner(l *loop, spec *handoff.Spawner) spawner {
	sp := spawner{loop: l, spec: spec, orders: make(chan func(*handoff.Child, error), spawnQueue)}
	go sp.work()
	return sp
}

// work is the spawner's goroutine. It lives as long as the process.
func (sp spawner) work() {
	for deliver := range sp.orders {
		child, err := sp.spec.Spawn()
		sp.loop.post(func() { deliver(child, err) })
	}
}

// restock orders children until the spares, and one for each pending
// connection, are there or on order.
func (p *pool) restock() {
	want := len(p.pending)
	if !p.retiring {
		want += p.s.cfg.Spare
	}
	for !p.resting && len(p.idle)+p.starting < want && p.starting < spawnQueue && p.alive() < p.s.door.Limit()+p.s.cfg.Spare {
		p.starting++
		p.spawner.orders <- p.spawned
	}
}

func (p *pool) alive() int { return len(p.idle) + len(p.busy) + p.starting }

// spawned takes delivery of a child, which is not warm yet.
func (p *pool) spawned(child *handoff.Child, err error) {
	if err != nil {
		p.starting--
		p.startFailed(err)
		return
	}
	p.s.counts.spawned++
	w := &worker{child: child, limit: p.spread()}
	w.token, err = p.s.loop.add(child.Sock, unix.EPOLLIN, func(uint32) { p.message(w) })
	if err != nil {
		p.starting--
		p.bury(w, true)
		p.startFailed(err)
	}
}

// startFailed backs off: a child that cannot start must not become a fork storm.
func (p *pool) startFailed(err error) {
	p.failures++
	p.s.counts.spawnFailures++
	doing := "child"
	if exhaustion(err) {
		doing = "pool"
	}
	p.s.say(doing, err)
	if p.s.cfg.Reject {
		p.giveUp(err)
	}
	rest := min(firstBackoff<<min(p.failures-1, 10), lastBackoff)
	p.resting = true
	p.s.loop.after(rest, func() { p.resting = false })
}

// giveUp closes the connections that wait for a child.
func (p *pool) giveUp(err error) {
	pending := p.pending
	p.pending = nil
	for _, c := range pending {
		unix.Close(c.fd)
		c.fd = -1
		e := c.end(handoff.Now())
		e.reason, e.err = c.cause(handoff.Error), err.Error()
		p.s.ended(c, e)
	}
}

// stuck reports whether no child is idle and none can be started now.
func (p *pool) stuck() bool {
	return p.resting && len(p.idle) == 0 && (len(p.pending) > 0 || p.s.cfg.Reject)
}

// died handles the end of a child that the parent did not retire, or that broke
// the contract. Its connection, if it has one, ends with it.
func (p *pool) died(w *worker) {
	if !w.warm {
		p.starting--
	}
	if i := slices.Index(p.idle, w); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	delete(p.busy, w)
	p.bury(w, true)
}

// bury closes the link to a child and reaps it when it has ended. A child that
// is broken is killed, so that it cannot keep us waiting.
func (p *pool) bury(w *worker, broken bool) {
	p.dying++
	p.s.loop.remove(w.child.Sock, w.token)
	w.child.Retire()
	if broken {
		unix.Kill(w.child.PID, unix.SIGKILL)
	}
	p.awaitExit(w, broken)
}

// awaitExit reaps the child once its pidfd says that it has ended. The pid is
// ours until then: nobody else reaps.
func (p *pool) awaitExit(w *worker, broken bool) {
	fd, err := unix.PidfdOpen(w.child.PID, 0)
	if err != nil { // out of descriptors: come back later
		p.s.loop.after(firstBackoff, func() { p.awaitExit(w, broken) })
		return
	}
	var token uint64
	token, err = p.s.loop.add(fd, unix.EPOLLIN, func(uint32) {
		p.s.loop.remove(fd, token)
		unix.Close(fd)
		p.reaped(w, broken, reap(w.child.PID))
	})
	if err != nil {
		unix.Close(fd)
		p.s.loop.after(firstBackoff, func() { p.awaitExit(w, broken) })
	}
}

// reaped is the end of a child: of its connection too, if it had one.
func (p *pool) reaped(w *worker, broken bool, st status) {
	p.dying--
	if c := w.conn; c != nil {
		w.conn = nil
		p.s.ended(c, p.lost(c, w, st))
	}
	w.child.Release()
	if broken || st.signal != 0 || st.code != 0 {
		p.s.counts.childExits++
		p.s.cfg.Log.Event("child_exit", append(st.attrs(), slog.Int("pid", w.child.PID), slog.Uint64("served", w.child.Sent()))...)
	}
	if broken && !w.warm {
		p.startFailed(fmt.Errorf("child %d ended before it was ready: %s", w.child.PID, st))
	}
}

// lost is the closing record of a connection whose child died: the counts in
// its page are as far as it came.
func (p *pool) lost(c *conn, w *worker, st status) ending {
	if w.child.Finished() {
		r := w.child.Take()
		return closed(c, &r)
	}
	r := handoff.Result{Ended: handoff.Now(), Reason: st.reason()}
	r.BytesIn, r.BytesOut = w.child.Page().Counts()
	e := closed(c, &r)
	e.exit, e.signal = st.code, st.signal
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

// status is how a process ended.
type status struct {
	code   int // exit code, or -1
	signal unix.Signal
}

// reap takes the exit status of a process that has ended, by its pid: another
// process may be a library's.
func reap(pid int) status {
	var ws unix.WaitStatus
	for {
		got, err := unix.Wait4(pid, &ws, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || got != pid {
			return status{code: -1}
		}
		if ws.Signaled() {
			return status{code: -1, signal: ws.Signal()}
		}
		return status{code: ws.ExitStatus()}
	}
}

func (st status) reason() handoff.Reason {
	if st.signal != 0 {
		return handoff.Signal
	}
	return handoff.Exit
}

// String is the status in words.
func (st status) String() string {
	if st.signal != 0 {
		return "killed by " + unix.SignalName(st.signal)
	}
	return fmt.Sprintf("exit status %d", st.code)
}

func (st status) attrs() []slog.Attr {
	if st.signal != 0 {
		return []slog.Attr{slog.String("signal", unix.SignalName(st.signal))}
	}
	return []slog.Attr{slog.Int("exit", st.code)}
}

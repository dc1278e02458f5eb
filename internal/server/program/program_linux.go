//go:build !portable

package program

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/oom"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/socket"
	"nettool/internal/spawn"
	"nettool/internal/stage"
)

// Runner is a run.Runner. The program has the socket as its descriptors 0 and 1:
// no process of ours is in between. Programs are started by the loop, which waits
// for each: what is started at the same time competes with what should end.
type Runner struct {
	cfg     Config
	host    run.Host
	loop    *loop.Loop
	environ []string
	running map[*run.Conn]*program
	queue   []*program // of those, not started yet
	resting bool       // out of processes or memory: waiting
	backoff time.Duration
	stderr  int // of programs, unless it is the socket
	starter stage.Starter
	staged  bool // programs have a stage
	oom     int  // score of programs
	spares  spares
}

// program is one run of the program.
type program struct {
	conn   *run.Conn
	env    []string
	pidfd  int
	exited uint64 // token of the pidfd's watch; zero before there is one
	runs   bool   // and is not its stage any more

	spare     bool // it has a stand-in for a connection
	inner     int  // of a spare: the socket that leads to it, or −1
	dismissed bool // a spare was told to end

	account account
	books   run.Ending // what the account has come to
	watch   watch
	stderr  stderr
	staged  staged
}

// New makes a runner.
func New(cfg Config, host run.Host) (*Runner, error) {
	spawn.DefaultStops()
	r := &Runner{
		cfg: cfg, host: host, loop: host.Loop(),
		environ: BaseEnviron(cfg.Environ),
		running: map[*run.Conn]*program{},
		stderr:  2,
		oom:     oom.OfOne(),
	}
	r.chooseStarter()
	if cfg.Stderr == "null" {
		fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open /dev/null: %w", err)
		}
		r.stderr = fd
	}
	if cfg.Isolate.Any() {
		if err := r.try(); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, r.watchDeputy()
}

// chooseStarter decides who starts programs, and whether there is a stage between.
func (r *Runner) chooseStarter() {
	if r.cfg.Deputy != nil {
		r.starter, r.staged = r.cfg.Deputy, true
		return
	}
	s := &spawn.Starter{}
	r.starter, r.staged = s, r.cfg.Isolate.Staged(os.Geteuid())
	if !r.staged && r.cfg.Isolate.Worn() {
		r.staged = s.Dress(r.cfg.Isolate.Wear) != nil // Docker's filter has no unshare(2)
	}
}

// Warm starts the programs that are to wait.
func (r *Runner) Warm(ready func()) error {
	r.restock()
	r.loop.Post(ready)
	return nil
}

// Run queues a program for the connection.
func (r *Runner) Run(c *run.Conn) {
	p := &program{conn: c, env: r.environ}
	if r.cfg.Prestart == 0 { // else it must not matter that none was waiting
		p.env = Environment(r.environ, c)
	}
	r.running[c] = p
	r.queue = append(r.queue, p)
}

// Flush starts what is queued, in order.
func (r *Runner) Flush() {
	for len(r.queue) > 0 && !r.resting {
		p := r.queue[0]
		r.queue = r.queue[1:]
		if err := r.start(p); err != nil {
			r.startFailed(p, err)
		} else {
			r.started(p)
		}
	}
	r.restock()
}

// start starts the program in a session, and so a process group, of its own.
func (r *Runner) start(p *program) (err error) {
	fd, stderr := p.conn.FD, r.stderr
	switch r.cfg.Stderr {
	case "socket":
		stderr = fd
	case "log":
		ours, theirs, failed := openStderr()
		if failed != nil {
			return failed
		}
		defer unix.Close(theirs)
		defer func() {
			if err != nil {
				unix.Close(ours)
			}
		}()
		stderr, p.stderr.fd = theirs, ours
	}
	attr := spawn.Attr{
		Env:    p.env,
		Files:  stage.Files([]int{fd, fd, stderr}, r.cfg.KeepFDs),
		Setsid: true,
	}
	if p.conn.Datagrams { // which have no end that it could see
		attr.Orphan = unix.SIGTERM
	}
	return r.launch(p, attr)
}

// started takes over a program that has started.
func (r *Runner) started(p *program) {
	r.host.Spawned(nil)
	r.backoff = 0
	r.await(p)
	if r.cfg.Stderr == "log" {
		p.stderr.begin(r, p.conn, p.stderr.fd)
	}
	r.keep(p)
	if p.staged.link != nil {
		r.hear(p)
		return
	}
	oom.Set(p.conn.PID, r.oom)
	r.opened(p)
}

// await waits for the program's end. Without descriptors or memory it runs, and
// is looked after once there are some.
func (r *Runner) await(p *program) {
	if err := r.watch(p); err != nil {
		r.host.Short("watch program", err)
		r.loop.After(loop.FirstBackoff, func() { r.await(p) })
	}
}

func (r *Runner) watch(p *program) (err error) {
	if p.pidfd < 0 {
		if p.pidfd, err = unix.PidfdOpen(p.conn.PID, 0); err != nil {
			return err
		}
	}
	p.exited, err = r.loop.Add(p.pidfd, unix.EPOLLIN, func(uint32) { r.exited(p) })
	return err
}

// keep keeps our duplicate of the socket, for the books and the timers, or
// closes it when there are none.
func (r *Runner) keep(p *program) {
	c := p.conn
	if !r.cfg.Account || c.Relayed || c.Datagrams { // who relays, or passes datagrams on, does that
		c.Close()
		return
	}
	p.account.ahead = c.Ahead
	if c.Ends()[1].IsValid() {
		p.account.begin(r.loop, c.FD, r.cfg.DeadPeer, func() { r.host.Expire(c, handoff.DeadPeer) })
	}
	p.watch.begin(r, p)
}

// startFailed tries again later when the machine is used up, and gives the
// connection up otherwise.
func (r *Runner) startFailed(p *program, err error) {
	r.host.Spawned(err)
	if loop.Exhausted(err) {
		r.host.Short("start program", err)
		r.rest()
		if !r.cfg.Reject {
			r.queue = append([]*program{p}, r.queue...)
			return
		}
	}
	e := r.drop(p)
	e.Reason = p.conn.Cause(handoff.Error)
	e.Err = fmt.Sprintf("start %s: %v", r.cfg.Argv[0], err)
	if r.cfg.Once {
		e.Exit = startError(err)
	}
	r.host.Ended(p.conn, e)
}

// drop closes a connection that has no program, and begins its closing record.
func (r *Runner) drop(p *program) run.Ending {
	p.conn.Close()
	delete(r.running, p.conn)
	return p.conn.End(handoff.Now())
}

// rest stops connections from coming in for a while.
func (r *Runner) rest() {
	if !r.resting {
		r.resting = true
		r.backoff = loop.Longer(r.backoff)
		r.loop.After(r.backoff, func() { r.resting = false })
	}
	r.backoff = max(r.backoff, loop.FirstBackoff)
}

// Stuck reports whether programs could not be started a moment ago.
func (r *Runner) Stuck() bool { return r.resting }

// exited reaps a program and closes its books.
func (r *Runner) exited(p *program) {
	c := p.conn
	r.closeBooks(p) // first of all: the peer waits for this end
	r.listen(p)
	r.deafen(p)
	e := c.End(handoff.Now())
	e.Counted, e.BytesIn, e.BytesOut, e.RTT, e.Retrans = p.books.Counted, p.books.BytesIn, p.books.BytesOut, p.books.RTT, p.books.Retrans
	p.watch.end(r.loop)
	p.stderr.end()
	r.loop.Remove(p.pidfd, p.exited)
	unix.Close(p.pidfd)
	if c.Forced() || p.account.dead || p.spare { // what it left running belongs to a connection that we, or a timer, ended
		unix.Kill(-c.PID, unix.SIGKILL)
	}
	st := run.Reap(c.PID)
	delete(r.running, c)
	if p.spare {
		r.spareExited(p, st)
		return
	}
	e.Exit, e.Signal, e.Reason = st.Code, st.Signal, st.Reason()
	r.lastWords(p, &e)
	e.Reason = c.Cause(p.account.reason(e.Reason))
	r.host.Ended(c, e)
}

// closeBooks closes our copy of the socket, if there is one, and the account.
func (r *Runner) closeBooks(p *program) {
	if p.conn.FD >= 0 {
		p.account.close(r.loop, &p.books)
		p.conn.Close()
	}
}

// Collect reaps what has ended.
func (r *Runner) Collect() {
	for _, p := range r.running {
		if p.exited != 0 && readable(p.pidfd) {
			r.exited(p)
		}
	}
}

// readable reports whether a descriptor has something to read: a pidfd, the end
// of its process.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// Stop sends SIGTERM to the program's process group.
func (r *Runner) Stop(c *run.Conn) { r.signal(c, unix.SIGTERM) }

// Kill sends SIGKILL to the program's process group, and with a subreaper to all
// that the program has started.
func (r *Runner) Kill(c *run.Conn) {
	if p := r.running[c]; p != nil && r.subreaper() && !slices.Contains(r.queue, p) {
		r.endAll(p)
		return
	}
	r.signal(c, unix.SIGKILL)
}

// End kills all programs.
func (r *Runner) End() {
	for c := range r.running {
		r.Kill(c)
	}
}

// signal reaches the whole process group. The program is not reaped yet, so the
// number cannot be another's. A connection whose program has not started ends.
func (r *Runner) signal(c *run.Conn, sig unix.Signal) {
	p := r.running[c]
	i := slices.Index(r.queue, p)
	switch {
	case p == nil:
	case i < 0:
		unix.Kill(-c.PID, sig)
	default:
		r.queue = slices.Delete(r.queue, i, i+1)
		e := r.drop(p)
		e.Reason = c.Cause(handoff.Error)
		r.host.Ended(c, e)
	}
}

// Inspect reads TCP's own counts of each program's connection.
func (r *Runner) Inspect(visit func(*run.Conn, run.Live)) {
	for c, p := range r.running {
		if p.spare {
			continue
		}
		l := run.Live{PID: c.PID}
		if info, ok := p.info(); ok {
			outq, _ := socket.Outq(c.FD)
			l.Counted = true
			l.BytesIn, l.BytesOut = p.account.octets(&info, outq)
			l.RTT, l.Retrans = info.RTT, info.Retrans
		}
		visit(c, l)
	}
}

// info reads TCP_INFO of our copy of the socket, if there is one.
func (p *program) info() (socket.TCPInfo, bool) {
	if p.conn.FD < 0 {
		return socket.TCPInfo{}, false
	}
	return socket.InfoFD(p.conn.FD)
}

// Gauge fills in how many programs there are.
func (r *Runner) Gauge(g *run.Gauges) {
	g.Starting = len(r.queue)
	g.Waiting = g.Starting
	g.Idle = len(r.spares.waiting)
	g.Busy = len(r.running) - g.Starting - r.spares.alive
}

// Close ends the thread that starts programs.
func (r *Runner) Close() { r.starter.Close() }

// Owns reports whether a process is a program that is run.
func (r *Runner) Owns(pid int) bool {
	for c := range r.running {
		if c.PID == pid {
			return true
		}
	}
	return false
}

// Left is how many programs there are.
func (r *Runner) Left() int { return len(r.running) }

package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// programRunner starts the program itself for each connection, with the socket
// as its descriptors 0 and 1. No process of ours is in between.
//
// Programs are started by the loop, which waits for each: what is started at the
// same time competes with what should end.
type programRunner struct {
	s       *server
	environ []string
	running map[*conn]*program
	queue   []*program // of those, not started yet
	resting bool       // out of processes or memory: waiting
	backoff time.Duration
	stderr  uintptr // of programs, unless it is the socket
}

// program is one run of the program.
type program struct {
	conn   *conn
	env    []string
	pidfd  int
	exited uint64 // token of the pidfd's watch; zero before there is one

	account account
	watch   watch
}

func newProgramRunner(s *server) (*programRunner, error) {
	r := &programRunner{
		stderr:  2,
		s:       s,
		environ: baseEnviron(s.cfg.Environ),
		running: map[*conn]*program{},
	}
	if s.cfg.Stderr == "null" {
		fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open /dev/null: %w", err)
		}
		r.stderr = uintptr(fd)
	}
	return r, nil
}

func (r *programRunner) warm(ready func()) error {
	r.s.loop.post(ready)
	return nil
}

// run queues a program for the connection.
func (r *programRunner) run(c *conn) {
	p := &program{conn: c, env: r.environment(c)}
	r.running[c] = p
	r.queue = append(r.queue, p)
}

// flush starts what is queued, in order.
func (r *programRunner) flush() {
	for len(r.queue) > 0 && !r.resting {
		p := r.queue[0]
		r.queue = r.queue[1:]
		if err := r.start(p); err != nil {
			r.startFailed(p, err)
		} else {
			r.started(p)
		}
	}
}

// environment is that of the program for one connection.
func (r *programRunner) environment(c *conn) []string {
	var own []string
	if c.remote.addr.IsValid() {
		own = tcpEnviron(c.local.addr, c.remote.addr, c.id, c.ticket.ConnNum)
	} else {
		own = unixEnviron(c.local.path, peerCredentials(c.fd), c.id)
	}
	return withRules(slices.Concat(r.environ, own), c.ticket.Env)
}

func peerCredentials(fd int) credentials {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return credentials{}
	}
	return credentials{pid: int(cred.Pid), uid: int(cred.Uid), gid: int(cred.Gid)}
}

// start spawns the program in a session, and so a process group, of its own.
// The kernel's vfork, which syscall.ForkExec uses, returns at its exec.
func (r *programRunner) start(p *program) (err error) {
	fd := uintptr(p.conn.fd)
	stderr := r.stderr
	if r.s.cfg.Stderr == "socket" {
		stderr = fd
	}
	p.pidfd = -1
	p.conn.pid, err = syscall.ForkExec(r.s.cfg.Path, r.s.cfg.Program, &syscall.ProcAttr{
		Env:   p.env,
		Files: []uintptr{fd, fd, stderr},
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &p.pidfd},
	})
	return err
}

// started takes over a program that has started.
func (r *programRunner) started(p *program) {
	r.s.counts.spawned++
	r.backoff = 0
	r.await(p)
	r.keep(p)
	r.s.opened(p.conn)
}

// await waits for the program's end.
func (r *programRunner) await(p *program) {
	token, err := r.s.loop.add(p.pidfd, unix.EPOLLIN, func(uint32) { r.exited(p) })
	if err != nil { // it runs, and is looked after once there is memory
		r.s.say("watch program", err)
		r.s.loop.after(firstBackoff, func() { r.await(p) })
	}
	p.exited = token
}

// keep keeps our duplicate of the socket, for the books and the timers, or
// closes it when there are none.
func (r *programRunner) keep(p *program) {
	c := p.conn
	if !r.s.cfg.Account {
		unix.Close(c.fd)
		c.fd = -1
		return
	}
	if c.remote.addr.IsValid() {
		p.account.begin(r.s.loop, c.fd, r.s.cfg.Options.DeadPeer, func() { r.s.expire(c, handoff.DeadPeer) })
	}
	p.watch.begin(r, p)
}

// startFailed tries again later when the machine is used up, and gives the
// connection up otherwise.
func (r *programRunner) startFailed(p *program, err error) {
	r.s.counts.spawnFailures++
	if exhaustion(err) {
		r.s.say("start program", err)
		r.rest()
		if !r.s.cfg.Reject {
			r.queue = append([]*program{p}, r.queue...)
			return
		}
	}
	e := r.drop(p)
	e.reason = p.conn.cause(handoff.Error)
	e.err = fmt.Sprintf("start %s: %v", r.s.cfg.Program[0], err)
	if r.s.cfg.Once {
		e.exit = programError(err)
	}
	r.s.ended(p.conn, e)
}

// drop closes a connection that has no program, and begins its closing record.
func (r *programRunner) drop(p *program) ending {
	unix.Close(p.conn.fd)
	p.conn.fd = -1
	delete(r.running, p.conn)
	return p.conn.end(handoff.Now())
}

// rest stops connections from coming in for a while.
func (r *programRunner) rest() {
	if !r.resting {
		r.resting = true
		r.backoff = longer(r.backoff)
		r.s.loop.after(r.backoff, func() { r.resting = false })
	}
	r.backoff = max(r.backoff, firstBackoff)
}

// stuck reports whether programs could not be started a moment ago.
func (r *programRunner) stuck() bool { return r.resting }

// programError is the exit code of a program that could not be started.
func programError(err error) int {
	if errors.Is(err, os.ErrNotExist) {
		return 127
	}
	return 126
}

// exited reaps a program and closes its books.
func (r *programRunner) exited(p *program) {
	c := p.conn
	e := c.end(handoff.Now())
	if c.fd >= 0 { // first of all: the peer waits for this end
		p.account.close(r.s.loop, &e)
		unix.Close(c.fd)
		c.fd = -1
	}
	p.watch.end(r.s.loop)
	r.s.loop.remove(p.pidfd, p.exited)
	unix.Close(p.pidfd)
	if c.force || p.account.dead { // what it left running belongs to a connection that we, or a timer, ended
		unix.Kill(-c.pid, unix.SIGKILL)
	}
	st := reap(c.pid)
	e.exit, e.signal = st.code, st.signal
	e.reason = c.cause(p.account.reason(st.reason()))
	delete(r.running, c)
	r.s.ended(c, e)
}

// collect reaps what has ended.
func (r *programRunner) collect() {
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

// signal reaches the program's whole process group. It is not reaped yet, so
// the number cannot be another's. A connection whose program has not started
// ends.
func (r *programRunner) signal(c *conn, sig unix.Signal) {
	p := r.running[c]
	i := slices.Index(r.queue, p)
	switch {
	case p == nil:
	case i < 0:
		unix.Kill(-c.pid, sig)
	default:
		r.queue = slices.Delete(r.queue, i, i+1)
		e := r.drop(p)
		e.reason = c.cause(handoff.Error)
		r.s.ended(c, e)
	}
}

func (r *programRunner) retire() {}

func (r *programRunner) close() {}

func (r *programRunner) processes() int { return len(r.running) }

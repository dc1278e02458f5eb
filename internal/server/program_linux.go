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
type programRunner struct {
	s       *server
	environ []string
	jobs    chan *program
	running map[*conn]*program
	queue   []*program // not started yet
	resting bool       // out of processes or memory: waiting
	backoff time.Duration
	stderr  uintptr // of programs, unless it is the socket
}

// program is one run of the program.
type program struct {
	conn   *conn
	env    []string
	pidfd  int
	exited uint64 // token of the pidfd's watch

	account account
	watch   watch

	started bool
	doomed  unix.Signal // the connection was ended before the program started
	err     error       // of the start
}

// forkers is how many goroutines start programs: one keeps a second core busy
// while the other waits for an exec.
const forkers = 2

func newProgramRunner(s *server) (*programRunner, error) {
	r := &programRunner{
		stderr:  2,
		s:       s,
		environ: baseEnviron(s.cfg.Environ),
		jobs:    make(chan *program, s.door.Limit()),
		running: map[*conn]*program{},
	}
	if s.cfg.Stderr == "null" {
		fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open /dev/null: %w", err)
		}
		r.stderr = uintptr(fd)
	}
	for range forkers {
		go r.fork()
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

// flush starts what is queued, in order. A program that is nearly alone is
// started by the loop itself, which saves two wake-ups; among others the loop is
// left free to reap, since a client sees its end only then.
func (r *programRunner) flush() {
	queue := r.queue
	r.queue = nil
	if len(queue) == 1 && len(r.running) <= nearlyAlone {
		r.start(queue[0])
		r.forked(queue[0])
		return
	}
	for _, p := range queue {
		r.jobs <- p // there is a place for each admitted connection
	}
}

// nearlyAlone is how many programs run when one comes after the other: the last
// one may still be ending.
const nearlyAlone = 2

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

// fork is a forker's goroutine. It ends with the jobs.
func (r *programRunner) fork() {
	for p := range r.jobs {
		r.start(p)
		r.s.loop.post(func() { r.forked(p) })
	}
}

// start spawns the program in a session, and so a process group, of its own.
// The kernel's vfork, which syscall.ForkExec uses, returns at its exec.
func (r *programRunner) start(p *program) {
	fd := uintptr(p.conn.fd)
	stderr := r.stderr
	if r.s.cfg.Stderr == "socket" {
		stderr = fd
	}
	p.pidfd = -1
	p.conn.pid, p.err = syscall.ForkExec(r.s.cfg.Path, r.s.cfg.Program, &syscall.ProcAttr{
		Env:   p.env,
		Files: []uintptr{fd, fd, stderr},
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &p.pidfd},
	})
}

// forked takes over a program that has started, or says why it has not.
func (r *programRunner) forked(p *program) {
	if p.err != nil {
		r.forkFailed(p)
		return
	}
	token, err := r.s.loop.add(p.pidfd, unix.EPOLLIN, func(uint32) { r.exited(p) })
	if err != nil { // it runs, and is looked after once there is memory
		r.s.say("watch program", err)
		r.s.loop.after(firstBackoff, func() { r.forked(p) })
		return
	}
	p.exited, p.started = token, true
	r.s.counts.spawned++
	r.backoff = 0
	c := p.conn
	r.keep(p)
	r.s.opened(c)
	if p.doomed != 0 {
		r.signal(c, p.doomed)
	}
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

// forkFailed tries again later when the machine is used up, and gives the
// connection up otherwise.
func (r *programRunner) forkFailed(p *program) {
	r.s.counts.spawnFailures++
	if exhaustion(p.err) {
		r.s.say("start program", p.err)
		r.rest()
		if p.doomed == 0 && !r.s.cfg.Reject {
			r.s.loop.after(r.backoff, func() { r.jobs <- p })
			return
		}
	}
	c := p.conn
	unix.Close(c.fd)
	c.fd = -1
	delete(r.running, c)
	e := c.end(handoff.Now())
	e.reason = c.cause(handoff.Error)
	e.err = fmt.Sprintf("start %s: %v", r.s.cfg.Program[0], p.err)
	if r.s.cfg.Once {
		e.exit = programError(p.err)
	}
	r.s.ended(c, e)
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

// signal reaches the program's whole process group. It is not reaped yet, so
// the number cannot be another's.
func (r *programRunner) signal(c *conn, sig unix.Signal) {
	p := r.running[c]
	if p == nil {
		return
	}
	if !p.started {
		p.doomed = sig
		return
	}
	unix.Kill(-c.pid, sig)
}

func (r *programRunner) retire() {}

func (r *programRunner) close() { close(r.jobs) }

func (r *programRunner) processes() int { return len(r.running) }

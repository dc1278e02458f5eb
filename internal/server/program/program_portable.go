//go:build !linux || portable

package program

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// Runner is a run.Runner that starts programs as the os/exec package does. It
// keeps no copy of their sockets: bytes are not counted, and timers cannot end a
// connection.
type Runner struct {
	cfg     Config
	host    run.Host
	loop    *loop.Loop
	environ []string
	running map[*run.Conn]*exec.Cmd // nil while it waits to be started
	queue   []*run.Conn             // of those, not started yet
	resting bool                    // out of processes or memory: waiting
	backoff time.Duration
}

// New makes a runner.
func New(cfg Config, host run.Host) (*Runner, error) {
	return &Runner{cfg: cfg, host: host, loop: host.Loop(), environ: BaseEnviron(cfg.Environ), running: map[*run.Conn]*exec.Cmd{}}, nil
}

// Warm has nothing to prepare.
func (r *Runner) Warm(ready func()) error {
	r.loop.Post(ready)
	return nil
}

// Run queues a program for the connection.
func (r *Runner) Run(c *run.Conn) {
	r.running[c] = nil
	r.queue = append(r.queue, c)
}

// Flush starts what is queued, in order.
func (r *Runner) Flush() {
	for len(r.queue) > 0 && !r.resting {
		c := r.queue[0]
		r.queue = r.queue[1:]
		r.start(c)
	}
}

// start starts the program, or gives the connection up.
func (r *Runner) start(c *run.Conn) {
	cmd := &exec.Cmd{Path: r.cfg.Path, Args: r.cfg.Argv, Env: Environment(r.environ, c), SysProcAttr: ownGroup()}
	stderr, err := r.stderr()
	if err == nil {
		cmd.Stderr = stderr
		err = join(cmd, c.Socket, r.cfg.Stderr == "socket")
		if stderr != nil && stderr != os.Stderr {
			stderr.Close()
		}
	}
	r.host.Spawned(err)
	if err != nil {
		r.startFailed(c, err)
		return
	}
	r.running[c] = cmd
	r.backoff = 0
	c.PID = cmd.Process.Pid
	r.host.Opened(c)
	go r.await(c, cmd)
}

// stderr is the programs' standard error, unless it is the socket. The caller
// closes it if it is not ours.
func (r *Runner) stderr() (*os.File, error) {
	switch r.cfg.Stderr {
	case "null":
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	case "socket":
		return nil, nil
	}
	return os.Stderr, nil
}

// await is the goroutine that waits for a program's end.
func (r *Runner) await(c *run.Conn, cmd *exec.Cmd) {
	cmd.Wait()
	r.loop.Post(func() { r.exited(c, cmd.ProcessState) })
}

func (r *Runner) exited(c *run.Conn, st *os.ProcessState) {
	e := c.End(handoff.Now())
	e.Exit, e.Reason = st.ExitCode(), handoff.Exit
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal, e.Reason = ws.Signal(), handoff.Signal
	}
	e.Reason = c.Cause(e.Reason)
	delete(r.running, c)
	r.host.Ended(c, e)
}

// startFailed lets the connections that follow wait when the machine is used
// up, and gives this one up.
func (r *Runner) startFailed(c *run.Conn, err error) {
	if loop.Exhausted(err) {
		r.host.Short("start program", err)
		r.resting = true
		r.backoff = loop.Longer(r.backoff)
		r.loop.After(r.backoff, func() { r.resting = false })
	}
	e := r.drop(c)
	e.Err = "start " + r.cfg.Argv[0] + ": " + bare(err).Error()
	if r.cfg.Once {
		e.Exit = startError(err)
	}
	r.host.Ended(c, e)
}

// bare is the error without the name of the program, which os/exec adds.
func bare(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// drop closes a connection that has no program, and begins its closing record.
func (r *Runner) drop(c *run.Conn) run.Ending {
	c.Close()
	delete(r.running, c)
	e := c.End(handoff.Now())
	e.Reason = c.Cause(handoff.Error)
	return e
}

// Stop tells the program to end.
func (r *Runner) Stop(c *run.Conn) { r.signal(c, terminate) }

// Kill ends the program.
func (r *Runner) Kill(c *run.Conn) { r.signal(c, kill) }

// End kills all programs.
func (r *Runner) End() {
	for c := range r.running {
		r.Kill(c)
	}
}

// signal tells the program. A connection whose program has not started ends.
func (r *Runner) signal(c *run.Conn, tell func(*os.Process)) {
	cmd, ok := r.running[c]
	switch {
	case !ok:
	case cmd != nil:
		tell(cmd.Process)
	default:
		for i, waiting := range r.queue {
			if waiting == c {
				r.queue = append(r.queue[:i:i], r.queue[i+1:]...)
				break
			}
		}
		r.host.Ended(c, r.drop(c))
	}
}

// Collect has nothing to collect: the goroutines tell.
func (r *Runner) Collect() {}

// Inspect knows the programs' numbers only.
func (r *Runner) Inspect(visit func(*run.Conn, run.Live)) {
	for c := range r.running {
		visit(c, run.Live{PID: c.PID})
	}
}

// Gauge fills in how many programs there are.
func (r *Runner) Gauge(g *run.Gauges) {
	g.Starting = len(r.queue)
	g.Waiting = g.Starting
	g.Busy = len(r.running) - g.Starting
}

// Stuck reports whether programs could not be started a moment ago.
func (r *Runner) Stuck() bool { return r.resting }

// Retire has nothing idle to end.
func (r *Runner) Retire() {}

// Close has nothing to end.
func (r *Runner) Close() {}

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

//go:build !portable

package program

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/isolate"
	"nettool/internal/server/run"
	"nettool/internal/spawn"
	"nettool/internal/stage"
)

// staged is what is known of the process that becomes a program, or stays beside
// it: by its link. The zero value is a program that was started itself.
type staged struct {
	link   *handoff.Link
	token  uint64
	failed *handoff.Failed
	exited *handoff.Exited
}

// launch starts a program, or the stage of one.
func (r *Runner) launch(p *program, attr spawn.Attr) (err error) {
	s := &r.cfg.Isolate
	if !r.staged {
		attr.Chroot, attr.Dir, attr.Clone = s.Chroot, s.Workdir, s.Namespaces.CloneFlags()
		if s.Chroot != "" && attr.Dir == "" {
			attr.Dir = "/"
		}
		p.conn.PID, p.pidfd, err = r.starter.Start(r.cfg.Path, r.cfg.Argv, attr)
		return err
	}
	m := handoff.Stage{
		Settings: *s,
		Path:     r.cfg.Path,
		Argv:     r.cfg.Argv,
		Kept:     r.cfg.KeepFDs,
		OOM:      r.oom,
		Drop:     r.drops(),
	}
	p.staged.link, p.conn.PID, p.pidfd, err = stage.Start(r.starter, m, attr)
	return err
}

// drops reports whether a program would get capabilities that it is not to have:
// the deputy's, or those in its user namespace.
func (r *Runner) drops() bool {
	return r.cfg.Deputy != nil || r.cfg.Isolate.Namespaces.Has(isolate.User)
}

// hear listens to the stage of a program.
func (r *Runner) hear(p *program) {
	p.staged.token, _ = r.loop.Add(p.staged.link.FD, unix.EPOLLIN, func(uint32) { r.listen(p) })
}

// listen takes what the stage has said. A close says that it has become the
// program, or that it is no more.
func (r *Runner) listen(p *program) {
	st := &p.staged
	for st.link != nil {
		m, _, err := st.link.Receive(false)
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			r.deafen(p)
			r.opened(p)
			return
		}
		switch m := m.(type) {
		case *handoff.Failed:
			st.failed = m
		case *handoff.Exec:
			r.opened(p)
		case *handoff.Exited:
			st.exited = m
			r.closeBooks(p)
		}
	}
}

// opened notes that the program runs, once.
func (r *Runner) opened(p *program) {
	if p.runs || p.staged.failed != nil {
		return
	}
	p.runs = true
	if !p.spare {
		r.host.Opened(p.conn)
	}
}

// deafen closes the link.
func (r *Runner) deafen(p *program) {
	if st := &p.staged; st.link != nil {
		r.loop.Remove(st.link.FD, st.token)
		st.link.Close()
		st.link = nil
	}
}

// lastWords are how a program with a stage has ended: e tells it of the process.
func (r *Runner) lastWords(p *program, e *run.Ending) {
	st := &p.staged
	if x := st.exited; x != nil {
		e.Exit, e.Signal = x.Code, unix.Signal(x.Signal)
		e.Reason = run.Status{Code: x.Code, Signal: unix.Signal(x.Signal)}.Reason()
	}
	if st.failed == nil {
		return
	}
	e.Exit, e.Signal, e.Reason = -1, 0, handoff.Error
	e.Err = fmt.Sprintf("start %s: %s", r.cfg.Argv[0], st.failed.Text)
	if r.cfg.Once {
		e.Exit = st.failed.Code
	}
}

// lingers is how long a subreaper has to kill what runs below it, before the
// server does it.
const lingers = time.Second

// endAll kills what a subreaper has below it, in other process groups, too.
func (r *Runner) endAll(p *program) {
	wait := lingers
	if p.staged.link == nil || p.staged.link.Send(&handoff.EndAll{}) != nil {
		wait = 0
	}
	r.loop.After(wait, func() {
		if r.running[p.conn] == p {
			stage.KillBelow(p.conn.PID)
			unix.Kill(-p.conn.PID, unix.SIGKILL)
		}
	})
}

// subreaper reports whether programs have one, which is not the init of a
// namespace that ends with it.
func (r *Runner) subreaper() bool {
	return r.cfg.Isolate.Subreaper && !r.cfg.Isolate.Namespaces.Has(isolate.PID)
}

// trialTime bounds how long a trial takes.
const trialTime = 10 * time.Second

// try does once, without a connection, all that a start does, but for running the
// program: what does not work is said now. It finds the program, too.
func (r *Runner) try() error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	defer unix.Close(null)
	m := handoff.Stage{Settings: r.cfg.Isolate, Path: r.cfg.Path, Argv: r.cfg.Argv, OOM: r.oom, Drop: r.drops(), Trial: true}
	link, pid, pidfd, err := stage.Start(r.starter, m, spawn.Attr{
		Env:    withPath(r.environ),
		Files:  []int{null, null, null},
		Setsid: true,
	})
	if err != nil {
		return exit.With(exit.Local, r.refused(err))
	}
	said, err := link.Await(trialTime)
	link.Close()
	end(pid, pidfd)
	return r.judge(said, err)
}

// judge is what came of a trial.
func (r *Runner) judge(said handoff.Message, err error) error {
	switch m := said.(type) {
	case *handoff.Found:
		r.cfg.Path = m.Path
		return nil
	case *handoff.Failed:
		return exit.With(exit.Code(m.Code), errors.New(m.Text))
	}
	if err == nil || handoff.Ended(err) {
		err = errors.New("it has ended before it was done")
	}
	return exit.Errorf(exit.Local, "try what %s is started with: %w", r.cfg.Argv[0], err)
}

// refused is the error of a start, with what was asked for.
func (r *Runner) refused(err error) error {
	spaces := r.cfg.Isolate.Namespaces
	if spaces == 0 {
		return fmt.Errorf("start %s: %w", r.cfg.Argv[0], err)
	}
	doing := "unshare " + strings.Join(spaces.Names(), ",")
	if err == unix.EPERM && !spaces.Has(isolate.User) {
		return fmt.Errorf("%s: %w: %s", doing, err, r.cfg.Isolate.Takes(isolate.CapSysAdmin))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// end waits for a process that ends now, and kills one that does not.
func end(pid, pidfd int) {
	if pidfd >= 0 {
		fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
		if n, _ := unix.Poll(fds, int(lingers/time.Millisecond)); n == 0 {
			unix.Kill(pid, unix.SIGKILL)
		}
		unix.Close(pidfd)
	}
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// withPath are a program's variables, and the PATH in which it is looked up if
// they have none.
func withPath(environ []string) []string {
	path, set := os.LookupEnv("PATH")
	if !set || slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") }) {
		return environ
	}
	return append(slices.Clip(environ), "PATH="+path)
}

// watchDeputy ends the server with its deputy: nobody could start a program.
func (r *Runner) watchDeputy() error {
	if r.cfg.Deputy == nil {
		return nil
	}
	_, err := r.loop.Add(r.cfg.Deputy.PIDFD, unix.EPOLLIN, func(uint32) {
		r.host.Fail(errors.New("the process that starts programs has ended"))
	})
	return err
}

//go:build !portable

package program

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// spares are the programs that wait for a connection. Each has one end of a socket
// pair, and we keep the other, until somebody who relays gets it.
type spares struct {
	waiting []*program // the one that waits longest first
	alive   int        // those, and those that are told to end
	retired bool       // no more are started
	yields  bool       // a connection has just got one: a start would compete with its answer
	resting bool       // they end, or do not start: waiting
	backoff time.Duration
}

// lull is how long no program is started after a connection has got one, while others
// wait still.
const lull = 20 * time.Millisecond

// dismissal is how long a program has to end that has waited in vain.
const dismissal = 5 * time.Second

// Pair makes the sockets between a program and who relays for it.
func Pair() (outer, inner int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	return pair[0], pair[1], nil
}

// restock starts programs until as many wait as are to.
func (r *Runner) restock() {
	s := &r.spares
	for !s.retired && !s.resting && len(s.waiting) < r.cfg.Prestart && (!s.yields || len(s.waiting) == 0) {
		if err := r.startSpare(); err != nil {
			r.host.Spawned(err)
			r.host.Short("prestart", fmt.Errorf("start %s: %w", r.cfg.Argv[0], err))
			s.rest(r.loop)
		}
	}
}

// rest starts no spares for a while, each time a longer one.
func (s *spares) rest(l *loop.Loop) {
	s.backoff = loop.Longer(s.backoff)
	if !s.resting {
		s.resting = true
		l.After(s.backoff, func() { s.resting = false })
	}
}

// startSpare starts a program for a connection that is yet to come, and has a
// stand-in until then.
func (r *Runner) startSpare() error {
	outer, inner, err := Pair()
	if err != nil {
		return err
	}
	c := &run.Conn{Socket: &loop.Socket{FD: outer}, Relayed: true}
	p := &program{conn: c, env: r.environ, spare: true, inner: inner}
	if err := r.start(p); err != nil {
		unix.Close(outer)
		unix.Close(inner)
		return err
	}
	r.running[c] = p
	r.spares.alive++
	r.spares.waiting = append(r.spares.waiting, p)
	r.started(p)
	return nil
}

// Adopt gives a connection the program that waits longest. inner, which is the
// caller's, leads to it. It is false when none waits.
func (r *Runner) Adopt(c *run.Conn) (inner int, ok bool) {
	s := &r.spares
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		if p.exited != 0 && readable(p.pidfd) {
			r.exited(p)
			continue
		}
		s.waiting = s.waiting[1:]
		s.alive--
		s.backoff = 0
		if !s.yields {
			s.yields = true
			r.loop.After(lull, func() { s.yields = false })
		}
		delete(r.running, p.conn)
		c.PID = p.conn.PID
		p.conn, p.stderr.conn, p.spare = c, c, false
		r.running[c] = p
		if p.runs {
			r.host.Opened(c)
		}
		return p.inner, true
	}
	return -1, false
}

// dismiss ends a program that waits: it sees the end of a client that has said
// nothing, and gets SIGTERM, and later SIGKILL.
func (r *Runner) dismiss(p *program) {
	unix.Close(p.inner)
	p.inner, p.dismissed = -1, true
	unix.Kill(-p.conn.PID, unix.SIGTERM)
	r.loop.After(dismissal, func() {
		if r.running[p.conn] == p {
			r.Kill(p.conn)
		}
	})
}

// Renew has other programs wait than those that do.
func (r *Runner) Renew() {
	for _, p := range r.spares.waiting {
		r.dismiss(p)
	}
	r.spares.waiting = nil
	r.spares.backoff = 0
}

// Retire ends the programs that wait.
func (r *Runner) Retire() {
	r.spares.retired = true
	r.Renew()
}

// spareExited notes that a program has ended that had no connection. Unless we had
// told it to, that is said.
func (r *Runner) spareExited(p *program, st run.Status) {
	s := &r.spares
	s.alive--
	if p.dismissed {
		return
	}
	unix.Close(p.inner)
	s.waiting = slices.DeleteFunc(s.waiting, func(w *program) bool { return w == p })
	attrs := append(st.Attrs(), slog.Int("pid", p.conn.PID), slog.Int("served", 0))
	if p.staged.failed != nil {
		attrs = append(attrs, slog.String("error", p.staged.failed.Text))
	}
	r.host.ChildExit(attrs...)
	s.rest(r.loop)
}

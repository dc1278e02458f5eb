//go:build !portable

// Package inquiry is the server's side of package names: it has a process that looks names
// up, asks it, and waits for nobody.
package inquiry

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/spawn"
)

// Inquiry asks. Its methods are called in the event loop.
type Inquiry struct {
	loop    *loop.Loop
	short   func(doing string, err error)
	which   handoff.Names
	environ []string

	process *process // nil while there is none
	pause   time.Duration
	closed  bool
	open    map[uint64]*question
	last    uint64
}

// process is who looks names up.
type process struct {
	link        *handoff.Link
	pid, pidfd  int
	token, exit uint64 // of their watches
}

// question is one that is open.
type question struct {
	who   *handoff.Who
	told  func(handoff.Named)
	timer *loop.Timer
}

// slack is how much longer than the process itself the server waits for it.
const slack = time.Second

// New starts the process, with the environment environ. short says once that something has
// run out.
func New(l *loop.Loop, which handoff.Names, environ []string, short func(doing string, err error)) (*Inquiry, error) {
	q := &Inquiry{loop: l, short: short, which: which, environ: environ, open: map[uint64]*question{}}
	return q, q.start()
}

// Open is how many questions have no answer yet.
func (q *Inquiry) Open() int { return len(q.open) }

// PID is the process that looks names up, or 0.
func (q *Inquiry) PID() int {
	if q.process == nil {
		return 0
	}
	return q.process.pid
}

// Ask asks about a connection. told is called in the loop, once: with nothing known when
// there is no answer in time.
func (q *Inquiry) Ask(local, remote netip.AddrPort, told func(handoff.Named)) {
	q.last++
	one := &question{who: &handoff.Who{ID: q.last, Local: local.String(), Remote: remote.String()}, told: told}
	one.timer = q.loop.After(q.which.Timeout+slack, func() { q.answer(handoff.Named{ID: one.who.ID}) })
	q.open[one.who.ID] = one
	q.send(one)
}

// send sends a question. One that is not sent, as the process is away, will be asked by the
// next, and has its time.
func (q *Inquiry) send(one *question) {
	if q.process != nil && q.process.link.Send(one.who) != nil {
		q.loop.After(loop.FirstBackoff, func() {
			if q.open[one.who.ID] == one {
				q.send(one)
			}
		})
	}
}

// answer ends a question.
func (q *Inquiry) answer(named handoff.Named) {
	one := q.open[named.ID]
	if one == nil {
		return
	}
	delete(q.open, named.ID)
	q.loop.Cancel(one.timer)
	one.told(named)
}

// start starts the process, and asks it what is open.
func (q *Inquiry) start() error {
	p, err := newProcess(&q.which, q.environ)
	if err == nil {
		if p.token, err = q.loop.Add(p.link.FD, unix.EPOLLIN, func(uint32) { q.hear() }); err == nil {
			p.exit, err = q.loop.Add(p.pidfd, unix.EPOLLIN, func(uint32) { q.ended() })
		}
		if err != nil {
			q.drop(p)
		}
	}
	if err != nil {
		return fmt.Errorf("start the process that looks names up: %w", err)
	}
	q.process = p
	for _, one := range q.open {
		q.send(one)
	}
	return nil
}

func newProcess(which *handoff.Names, environ []string) (*process, error) {
	l, theirs, err := handoff.NewPair()
	if err != nil {
		return nil, err
	}
	defer unix.Close(theirs)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		l.Close()
		return nil, &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	defer unix.Close(null)
	p := &process{link: l}
	if err = l.Send(which); err == nil {
		attr := spawn.Attr{Env: environ, Files: []int{null, null, null, theirs}, Setsid: true}
		p.pid, p.pidfd, err = (*spawn.Starter)(nil).Start("/proc/self/exe", []string{"nettool", "child"}, attr)
	}
	if err == nil && p.pidfd < 0 {
		p.pidfd, err = unix.PidfdOpen(p.pid, 0)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return p, nil
}

// batch is how many answers are taken before the loop looks at anything else.
const batch = 64

// hear takes answers.
func (q *Inquiry) hear() {
	for range batch {
		m, _, err := q.process.link.Receive(false)
		if errors.Is(err, unix.EAGAIN) {
			return
		}
		named, ok := m.(*handoff.Named)
		if err != nil || !ok { // its end, or what is none of its words
			unix.PidfdSendSignal(q.process.pidfd, unix.SIGKILL, nil, 0)
			q.loop.Remove(q.process.link.FD, q.process.token)
			q.process.token = 0
			return
		}
		q.pause = 0
		if q.answer(*named); q.process == nil {
			return
		}
	}
}

// ended has another process take over from one that has ended.
func (q *Inquiry) ended() {
	status := run.Reap(q.process.pid)
	q.drop(q.process)
	q.process = nil
	if q.closed {
		return
	}
	q.short("look names up", fmt.Errorf("the process has ended: %s", status))
	q.restart()
}

// restart starts a process after a while: longer and longer, if it always ends.
func (q *Inquiry) restart() {
	q.pause = loop.Longer(q.pause)
	q.loop.After(q.pause, func() {
		if q.closed || q.process != nil {
			return
		}
		if err := q.start(); err != nil {
			q.short("look names up", err)
			q.restart()
		}
	})
}

// drop closes what leads to a process.
func (q *Inquiry) drop(p *process) {
	if p.token != 0 {
		q.loop.Remove(p.link.FD, p.token)
	}
	if p.exit != 0 {
		q.loop.Remove(p.pidfd, p.exit)
	}
	p.link.Close()
	unix.Close(p.pidfd)
}

// Close ends the process, and waits for its end. Questions that are open get no answer.
func (q *Inquiry) Close() {
	if q == nil || q.closed {
		return
	}
	q.closed = true
	if p := q.process; p != nil {
		unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
		unix.Wait4(p.pid, nil, 0, nil)
		q.drop(p)
		q.process = nil
	}
}

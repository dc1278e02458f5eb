package load

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// poller is one thread: its connections, and the epoll instance that tells what can be
// done with them.
type poller struct {
	*lane
	to      *peer
	fd      int
	conns   []conn
	free    ring          // connections that have no request
	resting ring          // those of a closed loop whose request has failed, for a moment
	full    ring          // those of a unix socket whose backlog was full
	claimed bool          // there is a request that is due, or will be
	due     time.Duration // when
	busy    int           // requests under way
	held    int           // connections of Idle
	answers bool          // the target has, since it last refused
	reuse   bool          // sockets are, by one connection after another
	events  [256]unix.EpollEvent
	buffer  [64 << 10]byte
}

func newPoller(l *lane, conns int) *poller {
	w := &poller{lane: l, to: peerOf(l.Target, l.At), conns: make([]conn, conns), fd: -1}
	perRequest := l.Pattern == Connect || l.Pattern == CRR
	w.reuse = perRequest && w.to.kind == unix.SOCK_STREAM && w.to.domain != unix.AF_UNIX && l.Spec.From == (socket.Options{})
	w.free.room(conns)
	w.resting.room(conns)
	w.full.room(conns)
	for i := range w.conns {
		w.conns[i].fd, w.conns[i].number = -1, int32(i)
		w.conns[i].scanner.Answer = l.Answer
		w.free.push(int32(i))
	}
	return w
}

// run runs the connections until there is nothing more to do, or ctx ends.
func (w *poller) run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		w.broken()
		return
	}
	w.fd = fd
	defer unix.Close(fd)
	defer w.closeAll()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // of this thread, in nanoseconds
	w.loop(ctx)
	w.giveUp()
}

// giveUp counts what is under way when the run is ended early, or waits for a connection.
func (w *poller) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if w.claimed {
		w.givenUp(w.due, now)
	}
	for i := range w.conns {
		if c := &w.conns[i]; c.state > ready && w.Pattern != Idle {
			w.givenUp(c.due, now)
		}
	}
}

// broken counts one request for all: there is no poller.
func (w *poller) broken() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.count(request{due: max(now, w.Warmup), began: now, ended: now}, attempt.LocalError)
}

func (w *poller) loop(ctx context.Context) {
	checked := w.now()
	for ctx.Err() == nil {
		w.mu.Lock()
		now := w.now()
		full := w.again()
		wait, more := w.begin(now)
		if full {
			wait = min(wait, time.Millisecond)
		}
		w.mu.Unlock()
		if !more && w.busy == 0 && w.held == 0 {
			return
		}
		before := w.now()
		n := await(w.fd, w.events[:], min(wait, limitCheck))
		now = w.now()
		w.mu.Lock()
		w.waited, w.worked = w.waited+now-before, now
		for i := range n {
			w.event(&w.events[i])
			if !w.free.empty() { // at once: the target has something to do while we look at the others
				w.begin(now)
			}
		}
		if now-checked > limitCheck {
			checked = now
			w.overdue(now)
			w.release(now)
		}
		w.mu.Unlock()
	}
}

// begin begins the requests that are due, as long as there are connections for them. It
// returns how long nothing more can be begun, and whether there will be something.
func (w *poller) begin(now time.Duration) (wait time.Duration, more bool) {
	for i, ok := w.resting.first(); ok && now >= w.conns[i].rests; i, ok = w.resting.first() {
		w.free.push(w.resting.pop())
	}
	for {
		if !w.claimed {
			if w.free.empty() {
				return limitCheck, !w.resting.empty()
			}
			if w.Pattern == Idle && w.busy >= opening {
				return limitCheck, true
			}
			if w.due, w.claimed = w.claim(now); !w.claimed {
				return limitCheck, false
			}
		}
		if now < w.due {
			return w.due - now, true
		}
		if w.free.empty() { // it went while the request was waited for
			return limitCheck, true
		}
		w.claimed = false
		c := &w.conns[w.free.pop()]
		w.start(c, now)
		if !w.free.empty() {
			now = w.now()
		}
	}
}

// again tries once more to connect where a backlog was full. It reports whether one still
// is.
func (w *poller) again() bool {
	for range w.full.n {
		if c := &w.conns[w.full.pop()]; c.state == connecting && c.fd >= 0 {
			w.connected(c)
		}
	}
	return !w.full.empty()
}

// opening bounds the connections of Idle that are being opened at once: backlogs are not
// longer than that everywhere.
const opening = 64

// overdue ends the requests whose time is up.
func (w *poller) overdue(now time.Duration) {
	limit := w.Spec.Limit()
	for i := range w.conns {
		if c := &w.conns[i]; c.state > ready && c.state != staying && now-c.began > limit {
			w.finish(c, attempt.Timeout)
		}
	}
}

// release asks the connections that Idle has held long enough, or lets them go.
func (w *poller) release(now time.Duration) {
	if w.Pattern != Idle || !w.letGo(now) {
		return
	}
	for i := range w.conns {
		c := &w.conns[i]
		if c.state != staying {
			continue
		}
		w.held--
		if w.Request == nil {
			w.Open--
			w.drop(c)
			c.state = gone
			continue
		}
		w.busy++
		w.ask(c)
	}
}

// closeAll closes what is open when the run ends early.
func (w *poller) closeAll() {
	for i := range w.conns {
		w.drop(&w.conns[i])
	}
}

// event is something that has happened to a connection.
func (w *poller) event(e *unix.EpollEvent) {
	c := &w.conns[e.Fd]
	if c.fd < 0 || c.epoch != e.Pad {
		return // of one that was closed since
	}
	if c.state == connecting {
		w.connected(c)
	}
	if c.state == sending && e.Events&unix.EPOLLOUT != 0 {
		if !c.open {
			c.asked = w.now() // it is connected now, or it never will be
		}
		w.send(c)
	}
	if c.fd >= 0 && c.state != connecting && e.Events&(unix.EPOLLIN|unix.EPOLLERR|unix.EPOLLHUP|unix.EPOLLRDHUP) != 0 {
		w.receive(c, e.Events&(unix.EPOLLERR|unix.EPOLLHUP|unix.EPOLLRDHUP) != 0)
	}
}

// watch has the poller tell of a connection, edge by edge.
func (w *poller) watch(c *conn, events uint32) {
	op := unix.EPOLL_CTL_MOD
	if c.watched == 0 {
		op = unix.EPOLL_CTL_ADD
	}
	if c.watched == events {
		return
	}
	e := unix.EpollEvent{Events: events | unix.EPOLLET | unix.EPOLLRDHUP, Fd: c.number, Pad: c.epoch}
	if unix.EpollCtl(w.fd, op, c.fd, &e) != nil {
		w.finish(c, attempt.LocalError) // out of memory, or of watches
		return
	}
	c.watched = events
}

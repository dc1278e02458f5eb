package server

import (
	"container/heap"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// loop is the parent's event loop: one goroutine waits in epoll_wait(2) and runs
// callbacks, so what they touch needs no locks. Only post may be called from
// elsewhere.
type loop struct {
	epoll   int
	wakeup  int // eventfd(2)
	sources map[uint64]func(events uint32)
	next    uint64 // token of the source added last
	timers  timerHeap
	events  [64]unix.EpollEvent

	mu     sync.Mutex
	posted []func()
	stale  bool // wakeup is written already
}

// wakeToken is the eventfd's token.
const wakeToken = 0

func newLoop() (*loop, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make event loop: %w", err)
	}
	ev, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(ep)
		return nil, fmt.Errorf("make event loop: %w", err)
	}
	l := &loop{epoll: ep, wakeup: ev, sources: map[uint64]func(uint32){}}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, ev, event(unix.EPOLLIN, wakeToken)); err != nil {
		l.close()
		return nil, fmt.Errorf("make event loop: %w", err)
	}
	return l, nil
}

func (l *loop) close() {
	unix.Close(l.wakeup)
	unix.Close(l.epoll)
}

// event packs a token into the user data of an epoll event.
func event(events uint32, token uint64) *unix.EpollEvent {
	return &unix.EpollEvent{Events: events, Fd: int32(token), Pad: int32(token >> 32)}
}

func tokenOf(e *unix.EpollEvent) uint64 {
	return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32
}

// add watches fd and calls fn with what happened to it. The token names the
// watch; a token is never used twice, so that an event of a descriptor that is
// already closed finds nobody.
func (l *loop) add(fd int, events uint32, fn func(events uint32)) (token uint64, err error) {
	l.next++
	token = l.next
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, event(events, token)); err != nil {
		return 0, fmt.Errorf("watch descriptor %d: %w", fd, err)
	}
	l.sources[token] = fn
	return token, nil
}

// remove ends a watch. fd must still be open.
func (l *loop) remove(fd int, token uint64) {
	if _, ok := l.sources[token]; ok {
		delete(l.sources, token)
		unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	}
}

// post runs fn in the loop, soon. It is safe for concurrent use.
func (l *loop) post(fn func()) {
	l.mu.Lock()
	l.posted = append(l.posted, fn)
	wake := !l.stale
	l.stale = true
	l.mu.Unlock()
	if wake {
		unix.Write(l.wakeup, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// run waits for events and runs their callbacks until done says so. settle runs
// before the first turn and after each.
func (l *loop) run(done func() bool, settle func()) error {
	settle()
	for !done() {
		n, err := unix.EpollWait(l.epoll, l.events[:], l.timeout())
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("wait for events: %w", err)
		}
		for i := range max(n, 0) {
			l.dispatch(&l.events[i])
		}
		l.fire()
		settle()
	}
	return nil
}

func (l *loop) dispatch(e *unix.EpollEvent) {
	token := tokenOf(e)
	if token == wakeToken {
		l.runPosted()
		return
	}
	if fn := l.sources[token]; fn != nil {
		fn(e.Events)
	}
}

func (l *loop) runPosted() {
	var count [8]byte
	unix.Read(l.wakeup, count[:])
	l.mu.Lock()
	todo := l.posted
	l.posted, l.stale = nil, false
	l.mu.Unlock()
	for _, fn := range todo {
		fn()
	}
}

// timer calls fn once when its time has come.
type timer struct {
	when  time.Time
	fn    func()
	index int // in the heap, or -1
}

// after calls fn after d.
func (l *loop) after(d time.Duration, fn func()) *timer {
	t := &timer{when: time.Now().Add(d), fn: fn}
	heap.Push(&l.timers, t)
	return t
}

// cancel stops a timer. A nil timer, and one that has fired, is fine.
func (l *loop) cancel(t *timer) {
	if t != nil && t.index >= 0 {
		heap.Remove(&l.timers, t.index)
	}
}

// timeout is how long epoll_wait may wait, in its milliseconds.
func (l *loop) timeout() int {
	if len(l.timers) == 0 {
		return -1
	}
	left := time.Until(l.timers[0].when)
	if left <= 0 {
		return 0
	}
	return int(min(left/time.Millisecond+1, 1<<30))
}

func (l *loop) fire() {
	if len(l.timers) == 0 {
		return
	}
	now := time.Now()
	for len(l.timers) > 0 && !l.timers[0].when.After(now) {
		heap.Pop(&l.timers).(*timer).fn()
	}
}

// timerHeap is ordered by time (container/heap).
type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].when.Before(h[j].when) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

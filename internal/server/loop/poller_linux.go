//go:build !portable

package loop

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for descriptors in epoll_wait(2): in the kernel, with a thread of
// its own, or, when parked, as other goroutines wait, in Go's poller, which
// watches the epoll descriptor. A loop that works together with goroutines is
// faster parked, one that works together with processes is not.
type poller struct {
	epoll   int
	file    *os.File  // of epoll, when parked
	until   time.Time // file's deadline
	wakeup  int       // eventfd(2)
	sources map[uint64]func(events uint32)
	token   uint64 // of the source that was added last
	events  [64]unix.EpollEvent
}

// wakeToken is the eventfd's token.
const wakeToken = 0

func (p *poller) open(parked bool) (err error) {
	p.sources = map[uint64]func(uint32){}
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("make event loop: %w", err)
	}
	if parked {
		err = p.park()
	} else {
		err = p.makeWakeup()
	}
	if err != nil {
		p.close()
		return fmt.Errorf("make event loop: %w", err)
	}
	return nil
}

// park puts the epoll descriptor into Go's poller.
func (p *poller) park() error {
	p.wakeup = -1
	if err := unix.SetNonblock(p.epoll, true); err != nil {
		return err
	}
	p.file = os.NewFile(uintptr(p.epoll), "epoll")
	return p.file.SetDeadline(time.Time{}) // an error if it is not there
}

// makeWakeup makes the descriptor that ends a wait.
func (p *poller) makeWakeup() (err error) {
	if p.wakeup, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return err
	}
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, p.wakeup, event(unix.EPOLLIN, wakeToken))
}

func (p *poller) close() {
	if p.wakeup >= 0 {
		unix.Close(p.wakeup)
	}
	if p.file != nil {
		p.file.Close()
		return
	}
	unix.Close(p.epoll)
}

// event packs a token into the user data of an epoll event.
func event(events uint32, token uint64) *unix.EpollEvent {
	return &unix.EpollEvent{Events: events, Fd: int32(token), Pad: int32(token >> 32)}
}

func tokenOf(e *unix.EpollEvent) uint64 {
	return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32
}

// Add watches fd and calls fn with what epoll_ctl(2) calls events. The token
// names the watch; no token is used twice, so that an event of a descriptor that
// is closed already finds nobody.
func (p *poller) Add(fd int, events uint32, fn func(events uint32)) (token uint64, err error) {
	p.token++
	token = p.token
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, event(events, token)); err != nil {
		return 0, fmt.Errorf("watch descriptor %d: %w", fd, err)
	}
	p.sources[token] = fn
	return token, nil
}

// Remove ends a watch. fd must still be open.
func (p *poller) Remove(fd int, token uint64) {
	if _, ok := p.sources[token]; ok {
		delete(p.sources, token)
		unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	}
}

// wake ends the wait that prepare has announced.
func (p *poller) wake() {
	if p.file != nil {
		p.setDeadline(time.Unix(1, 0))
		return
	}
	unix.Write(p.wakeup, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// prepare is called before a wait until then, which is for ever when it is zero,
// and never at the same time as wake.
func (p *poller) prepare(until time.Time) {
	if p.file != nil {
		p.setDeadline(until)
	}
}

func (p *poller) setDeadline(until time.Time) {
	if !until.Equal(p.until) {
		p.until = until
		p.file.SetReadDeadline(until)
	}
}

// wait waits for events, no longer than timeout unless that is negative, and
// calls back.
func (p *poller) wait(timeout time.Duration) error {
	n, err := p.await(timeout)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("wait for events: %w", err)
	}
	for i := range max(n, 0) {
		p.dispatch(&p.events[i])
	}
	return nil
}

// await fills in events and returns how many.
func (p *poller) await(timeout time.Duration) (n int, err error) {
	if p.file == nil {
		return unix.EpollWait(p.epoll, p.events[:], milliseconds(timeout))
	}
	raw, err := p.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	failed := raw.Read(func(uintptr) bool {
		n, err = unix.EpollWait(p.epoll, p.events[:], 0)
		return n != 0
	})
	if errors.Is(failed, os.ErrDeadlineExceeded) { // perhaps before it has looked
		return unix.EpollWait(p.epoll, p.events[:], 0)
	}
	return n, errors.Join(err, failed)
}

// milliseconds is a wait as epoll_wait takes it, rounded up.
func milliseconds(d time.Duration) int {
	if d <= 0 {
		return int(max(d, -1))
	}
	return int(min(d/time.Millisecond+1, 1<<30))
}

func (p *poller) dispatch(e *unix.EpollEvent) {
	token := tokenOf(e)
	if token == wakeToken {
		var count [8]byte
		unix.Read(p.wakeup, count[:])
		return
	}
	if fn := p.sources[token]; fn != nil {
		fn(e.Events)
	}
}

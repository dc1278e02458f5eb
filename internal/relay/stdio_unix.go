//go:build unix

package relay

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The descriptors of a session's In and Out may be shared with other processes,
// so their O_NONBLOCK is left as it is: every operation works in both modes.

// waker interrupts waits for In and Out.
type waker struct {
	r, w   int
	halted atomic.Bool
	once   sync.Once
}

func newWaker() (*waker, error) {
	var p [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(p[:]); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	return &waker{r: p[0], w: p[1]}, nil
}

// stop ends the wait for In, and what is read from it.
func (w *waker) stop() {
	w.halted.Store(true)
	w.wake()
}

func (w *waker) stopped() bool { return w.halted.Load() }

// wake ends all waits, present and future.
func (w *waker) wake() { w.once.Do(func() { syscall.Close(w.w) }) }

// close releases the waker when nobody can wait any more.
func (w *waker) close() {
	w.wake()
	syscall.Close(w.r)
}

// wait blocks until fd shows one of the events, an error, or the waker wakes.
// It returns what fd shows.
func (w *waker) wait(fd int, events int16) (revents int16, err error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(w.r), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			return 0, err
		case fds[0].Revents != 0:
			return fds[0].Revents, nil
		case fds[1].Revents != 0:
			return 0, errStopped
		}
	}
}

// sleep waits for d, or until the waker wakes: errStopped.
func (w *waker) sleep(d time.Duration) error {
	fds := []unix.PollFd{{Fd: int32(w.r), Events: unix.POLLIN}}
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if n, _ := unix.Poll(fds, int(min(left, time.Hour).Milliseconds())+1); n > 0 {
			return errStopped
		}
	}
}

// input is the In of a session.
type input struct {
	fd    int
	mode  uint32
	wake  *waker
	grown bool
}

func newInput(f *os.File, w *waker) (*input, error) {
	fd, mode, err := describe(f)
	return &input{fd: fd, mode: mode, wake: w}, err
}

// describe returns the descriptor of f, which f still owns, and its type.
func describe(f *os.File) (fd int, mode uint32, err error) {
	c, err := f.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var st unix.Stat_t
	fail := error(nil)
	err = c.Control(func(n uintptr) {
		fd = int(n)
		fail = unix.Fstat(fd, &st)
	})
	if err == nil {
		err = fail
	}
	if err != nil {
		return 0, 0, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return fd, uint32(st.Mode) & unix.S_IFMT, nil
}

func (in *input) regular() bool { return in.mode == unix.S_IFREG }

// stream reports whether whoever writes In may be about to write more.
func (in *input) stream() bool { return in.mode == unix.S_IFIFO || in.mode == unix.S_IFSOCK }

// manyBytes at once make a pipe worth growing.
const manyBytes = 32 << 10

// read waits for input and returns it, io.EOF, or errStopped.
func (in *input) read(p []byte) (int, error) {
	for {
		if in.wake.stopped() {
			return 0, errStopped
		}
		if !in.regular() {
			if _, err := in.wake.wait(in.fd, unix.POLLIN); err != nil {
				return 0, err
			}
		}
		n, err := syscall.Read(in.fd, p)
		switch {
		case err == syscall.EINTR || err == syscall.EAGAIN:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		if n >= manyBytes && in.mode == unix.S_IFIFO && !in.grown {
			in.grown = true
			grow(in.fd)
		}
		return n, nil
	}
}

// waiting is how many bytes are left in a file, or lie ready in a pipe or
// socket. What is typed ahead at a terminal does not count.
func (in *input) waiting() int64 {
	switch in.mode {
	case unix.S_IFREG:
		var st unix.Stat_t
		at, err := unix.Seek(in.fd, 0, io.SeekCurrent)
		if err != nil || unix.Fstat(in.fd, &st) != nil {
			return 0
		}
		return max(st.Size-at, 0)
	case unix.S_IFIFO, unix.S_IFSOCK:
		n, _ := ready(in.fd)
		return int64(n)
	}
	return 0
}

// output is the Out of a session.
type output struct {
	fd    int
	mode  uint32
	wake  *waker
	grown bool
}

func newOutput(f *os.File, w *waker) (*output, error) {
	fd, mode, err := describe(f)
	return &output{fd: fd, mode: mode, wake: w}, err
}

func (o *output) pipe() bool { return o.mode == unix.S_IFIFO }

// write writes all of p; it waits where the descriptor would not.
func (o *output) write(p []byte) error {
	if len(p) >= manyBytes && o.pipe() && !o.grown {
		o.grown = true
		grow(o.fd)
	}
	for len(p) > 0 {
		n, err := syscall.Write(o.fd, p)
		if n > 0 {
			p = p[n:]
		}
		switch {
		case err == nil || err == syscall.EINTR:
		case err == syscall.EAGAIN:
			if _, err := o.wake.wait(o.fd, unix.POLLOUT); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// watchable reports whether Out has a reader that can go away.
func (o *output) watchable() bool { return o.mode == unix.S_IFIFO || o.mode == unix.S_IFSOCK }

// gone blocks until Out's reader has gone away: true, or the waker wakes: false.
func (o *output) gone() bool {
	revents, err := o.wake.wait(o.fd, 0)
	return err == nil && revents&(unix.POLLERR|unix.POLLHUP) != 0
}

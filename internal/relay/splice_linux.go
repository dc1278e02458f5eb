package relay

import (
	"golang.org/x/sys/unix"
)

const (
	spliceChunk = 1 << 20
	spliceFlags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK
)

// spliceOut hands what arrives to a pipe without copying it through this process
// (splice(2)), three times as fast as read and write where it was measured; into
// files it was not faster. handled is false when the kernel cannot, and nothing
// was received.
func (e *engine) spliceOut() (handled bool, err error) {
	for total := 0; ; {
		n, full, failure, err := e.spliceOnce()
		switch {
		case err != nil:
			return true, err
		case full:
			if err := e.awaitRoom(); err != nil {
				return true, err
			}
		case failure == unix.EINTR:
		case failure == unix.EPIPE:
			return true, &localError{writeStdout, failure} // only the pipe says this
		case failure != nil:
			return total > 0 || !cannot(failure), failure
		case n == 0:
			return true, nil
		default:
			total += n
			e.s.counts.received(n)
		}
	}
}

// spliceOnce waits for input and moves what the pipe takes. full means that
// input waits for room in the pipe.
func (e *engine) spliceOnce() (n int, full bool, failure, err error) {
	err = e.link.raw.Read(func(fd uintptr) bool {
		moved, errno := unix.Splice(int(fd), nil, e.out.fd, nil, spliceChunk, spliceFlags) // int or int64, as the machine has it
		n, full, failure = int(moved), false, errno
		if failure != unix.EAGAIN {
			return true
		}
		full = readable(int(fd))
		return full
	})
	return n, full, failure, err
}

// readable reports whether a socket has input, EOF or an error for us. If so, a
// splice's EAGAIN is about the pipe; Go's poller, which is edge-triggered, would
// wait forever for what is already there.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err != nil || n > 0
}

// awaitRoom waits for Out's reader.
func (e *engine) awaitRoom() error {
	e.s.counts.outBlocked.Store(true)
	_, err := e.wake.wait(e.out.fd, unix.POLLOUT)
	e.s.counts.outBlocked.Store(false)
	return err
}

// grow gives a pipe as much room as our buffers have, which spares both sides most of
// their waits, or as much as pipe(7) lets us. One that has more keeps it.
func grow(fd int) {
	has, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	for want := bufferSize; err == nil && want > has; want /= 2 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, want); err != unix.EPERM {
			return
		}
	}
}

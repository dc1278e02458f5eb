package relay

import "golang.org/x/sys/unix"

// sendfileChunk bounds one sendfile call, so that counts and stops are seen.
const sendfileChunk = 4 << 20

// sendFile sends a regular file without copying it through this process
// (sendfile(2)). handled is false when the kernel cannot, and nothing was sent.
func (e *engine) sendFile() (handled bool, err error) {
	total := 0
	for {
		if e.halt.stopped() {
			return true, errStopped
		}
		var n int
		var failure error
		err := e.link.raw.Write(func(fd uintptr) bool {
			n, failure = unix.Sendfile(int(fd), e.in.fd, nil, sendfileChunk)
			return failure != unix.EAGAIN
		})
		switch {
		case err != nil:
			return true, err
		case failure == unix.EINTR:
			continue
		case failure != nil:
			return total > 0 || !cannot(failure), e.sendfileError(failure)
		case n == 0:
			return true, nil
		}
		total += n
		e.s.counts.taken.Add(int64(n))
		e.s.counts.sent(n)
	}
}

func cannot(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP
}

// sendfileError tells a failure to read the file from one of the connection.
func (e *engine) sendfileError(err error) error {
	switch err {
	case unix.EIO, unix.ENOMEM, unix.EOVERFLOW, unix.EBADF, unix.EINVAL, unix.EISDIR:
		return &localError{readStdin, err}
	}
	return err
}

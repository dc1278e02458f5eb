package handler

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A pipe for splice(2), by which bytes go from one socket to the other without being
// copied. What is in it belongs to one connection.
type pipe struct{ r, w int }

const (
	spliceChunk = 1 << 20
	spliceFlags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK
	// mostPipes is how many empty pipes are kept for later.
	mostPipes = 16
)

// pipes are the empty ones of connections that have ended, or that wait.
var pipes struct {
	mu   sync.Mutex
	free []pipe
}

// takePipe returns an empty pipe.
func takePipe() (pipe, error) {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	if last := len(pipes.free) - 1; last >= 0 {
		p := pipes.free[last]
		pipes.free = pipes.free[:last]
		return p, nil
	}
	var p [2]int
	err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK)
	return pipe{p[0], p[1]}, err
}

// give takes a pipe back, with so many bytes still in it: then nobody else may get
// it.
func (p pipe) give(left int) {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	if left == 0 && len(pipes.free) < mostPipes {
		pipes.free = append(pipes.free, p)
		return
	}
	unix.Close(p.r)
	unix.Close(p.w)
}

// fill moves bytes from a socket into an empty pipe, as read(2) does. EAGAIN is the
// socket's.
func (p pipe) fill(socket int) (int, error) {
	n, err := unix.Splice(socket, nil, p.w, nil, spliceChunk, spliceFlags)
	return int(n), err // int or int64, as the machine has it
}

// drain moves up to so many bytes to a socket.
func (p pipe) drain(socket, most int) (int, error) {
	n, err := unix.Splice(p.r, nil, socket, nil, most, spliceFlags)
	return int(n), err
}

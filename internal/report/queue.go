package report

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// queueLimit is how many bytes of the log may wait for a slow reader.
const queueLimit = 1 << 20

// farewell is how long Close waits for a reader that has stopped.
const farewell = time.Second

// queue hands lines to a writer that may block, without ever blocking who
// writes to it. What does not fit is dropped and counted; the count is the next
// line that does fit.
type queue struct {
	to   io.Writer
	name string

	mu      sync.Mutex
	pending []byte
	spare   []byte // the other buffer, while one is being written
	dropped int
	closed  bool

	kick chan struct{}
	done chan struct{}
}

func newQueue(to io.Writer, name string) *queue {
	q := &queue{to: to, name: name, kick: make(chan struct{}, 1), done: make(chan struct{})}
	go q.drain()
	return q
}

// Write queues one whole line. It never blocks and never fails.
func (q *queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if q.closed || len(q.pending)+len(line) > queueLimit {
		q.dropped++
	} else {
		q.admitDropped()
		q.pending = append(q.pending, line...)
	}
	q.mu.Unlock()
	q.wake()
	return len(line), nil
}

// admitDropped says how many lines are missing before the next one.
func (q *queue) admitDropped() {
	if q.dropped == 0 {
		return
	}
	q.pending = fmt.Appendf(q.pending, "%s: log: %d lines dropped, standard error was not read\n", q.name, q.dropped)
	q.dropped = 0
}

func (q *queue) wake() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// drain is the queue's goroutine: it writes what is pending until close.
func (q *queue) drain() {
	defer close(q.done)
	for range q.kick {
		for {
			batch, closed := q.take()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			q.to.Write(batch) // a broken stderr must not stop the server
			q.giveBack(batch)
		}
	}
}

func (q *queue) take() (batch []byte, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.pending) == 0 {
		q.admitDropped()
	}
	batch = q.pending
	q.pending, q.spare = q.spare[:0], nil
	return batch, q.closed
}

func (q *queue) giveBack(batch []byte) {
	q.mu.Lock()
	q.spare = batch[:0]
	q.mu.Unlock()
}

// close writes what is pending, but waits only so long for a stuck reader.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake()
	select {
	case <-q.done:
	case <-time.After(farewell):
	}
}

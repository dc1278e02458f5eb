package report

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// queueLimit is how many bytes of the log may wait for a slow reader.
const queueLimit = 1 << 20

// farewell is how long Close waits for a reader that has stopped.
const farewell = time.Second

// queue hands lines to a writer that may block or fail, without ever blocking who
// writes to it. What does not fit, or is not taken, is dropped and counted; the
// count is the first thing written after it.
type queue struct {
	to     io.Writer
	notice func(lines int) []byte // says how many lines are missing

	mu      sync.Mutex
	pending []byte
	spare   []byte // the other buffer, while one is being written
	dropped int    // lines that came after pending
	owed    int    // lines that came before pending
	total   int    // lines lost so far
	closed  bool

	kick chan struct{}
	done chan struct{}
}

func newQueue(to io.Writer, notice func(lines int) []byte) *queue {
	q := &queue{to: to, notice: notice, kick: make(chan struct{}, 1), done: make(chan struct{})}
	go q.drain()
	return q
}

// Write queues one whole line. It never blocks and never fails.
func (q *queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if q.closed || q.dropped > 0 || len(q.pending)+len(line) > queueLimit {
		q.dropped += bytes.Count(line, newline)
		q.total += bytes.Count(line, newline)
	} else {
		q.pending = append(q.pending, line...)
	}
	q.mu.Unlock()
	q.wake()
	return len(line), nil
}

var newline = []byte{'\n'}

func (q *queue) wake() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// drain is the queue's goroutine: it writes what is pending until close. After a
// failure it tries again when there is more to write.
func (q *queue) drain() {
	defer close(q.done)
	for range q.kick {
		closed := q.isClosed() // asked before the last turn: nothing comes after it
		for q.turn() {
		}
		if closed {
			return
		}
	}
}

// turn writes what is pending; more is false when that was nothing, or when it
// failed. A broken stderr must not stop the server.
func (q *queue) turn() (more bool) {
	batch, owed := q.take()
	if owed > 0 {
		if _, err := q.to.Write(q.notice(owed)); err != nil {
			q.giveBack(batch, owed, bytes.Count(batch, newline))
			return false
		}
	}
	if len(batch) == 0 {
		q.giveBack(batch, 0, 0)
		return owed > 0
	}
	n, err := q.to.Write(batch)
	lost := 0
	if err != nil {
		lost = bytes.Count(batch[min(n, len(batch)):], newline)
	}
	q.giveBack(batch, 0, lost)
	return err == nil
}

// take returns what is to be written: first that so many lines are missing.
func (q *queue) take() (batch []byte, owed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, owed = q.pending, q.owed
	q.pending, q.spare = q.spare[:0], nil
	q.owed, q.dropped = q.dropped, 0
	return batch, owed
}

// giveBack returns the buffer. It says how many lines are still to be reported
// missing, and how many of the batch were lost.
func (q *queue) giveBack(batch []byte, owed, lost int) {
	q.mu.Lock()
	q.spare = batch[:0]
	q.owed += owed + lost
	q.total += lost
	q.mu.Unlock()
}

// lost is how many lines were lost so far.
func (q *queue) lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
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

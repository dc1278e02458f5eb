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

// queue passes lines to a writer that may block or fail, and never blocks itself.
// Lines that do not fit, or that the writer does not take, are dropped and counted;
// the next thing written is their number.
type queue struct {
	to     io.Writer
	notice func(lines int) []byte // says how many lines are missing
	torn   bool                   // the last write ended within a line; drain's

	mu      sync.Mutex
	pending []byte
	spare   []byte // the other buffer, while one is being written
	dropped int    // lines lost after those in pending
	owed    int    // lines lost before those in pending, not reported yet
	total   int    // lines lost so far
	closed  bool

	kick chan struct{}
	done chan struct{}
}

func newQueue(to io.Writer, notice func(lines int) []byte) *queue {
	q := &queue{to: patient(to), notice: notice, kick: make(chan struct{}, 1), done: make(chan struct{})}
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
		closed := q.isClosed() // before the last turn: once closed, no line is added
		for q.turn() {
		}
		if closed {
			return
		}
	}
}

// turn writes what is pending. more is false if nothing was pending or a write
// failed: a broken stderr must not stop the server.
func (q *queue) turn() (more bool) {
	batch, owed := q.take()
	if owed > 0 {
		if _, err := q.write(q.notice(owed)); err != nil {
			q.giveBack(batch, owed, bytes.Count(batch, newline))
			return false
		}
	}
	if len(batch) == 0 {
		q.giveBack(batch, 0, 0)
		return owed > 0
	}
	n, err := q.write(batch)
	lost := 0
	if err != nil {
		lost = bytes.Count(batch[min(n, len(batch)):], newline)
	}
	q.giveBack(batch, 0, lost)
	return err == nil
}

// write writes whole lines, the first one at the beginning of a line: on a full
// disk the last write may have ended within one.
func (q *queue) write(lines []byte) (n int, err error) {
	if q.torn {
		if _, err := q.to.Write(newline); err != nil {
			return 0, err
		}
		q.torn = false
	}
	n, err = q.to.Write(lines)
	if err != nil && n > 0 && n <= len(lines) {
		q.torn = lines[n-1] != '\n'
	}
	return n, err
}

// take returns the pending lines, and how many lines are missing before them: that
// is reported first.
func (q *queue) take() (batch []byte, owed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, owed = q.pending, q.owed
	q.pending, q.spare = q.spare[:0], nil
	q.owed, q.dropped = q.dropped, 0
	return batch, owed
}

// giveBack returns the buffer of a batch. owed lines are still to be reported
// missing, and lost lines of the batch were not written.
func (q *queue) giveBack(batch []byte, owed, lost int) {
	q.mu.Lock()
	q.spare = batch[:0]
	q.owed += owed + lost
	q.total += lost
	q.mu.Unlock()
}

// lost returns how many lines have been lost so far.
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

// close writes what is pending, and waits for a stuck reader no longer than
// farewell.
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

package report

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// heldWriter is a standard error whose reader is away until it is let go.
type heldWriter struct {
	taken chan struct{} // a write has begun
	free  chan struct{} // closed: writes go through
	text  bytes.Buffer
}

func newHeldWriter() *heldWriter {
	return &heldWriter{taken: make(chan struct{}, 1), free: make(chan struct{})}
}

func (w *heldWriter) Write(b []byte) (int, error) {
	select {
	case w.taken <- struct{}{}:
	default:
	}
	<-w.free
	return w.text.Write(b)
}

func line(length int) []byte { return []byte(strings.Repeat("x", length-1) + "\n") }

// TestQueueLimit: beside what is being written a mebibyte may wait, and no byte
// more. What comes later is lost even where it would fit, so that the lines that
// are there have no holes but those that they speak of.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	w := newHeldWriter()
	q := newQueue(w, func(lines int) []byte { return []byte("notice\n") })
	q.Write(line(10))
	<-w.taken // so that the queue is empty now
	for range 1024 {
		q.Write(line(1024))
	}
	if n := q.lost(); n != 0 {
		t.Errorf("%d lines of a mebibyte were lost", n)
	}
	q.Write([]byte("\n"))
	q.Write([]byte("one\ntwo\n"))
	if n := q.lost(); n != 3 {
		t.Errorf("%d lines were lost beyond a mebibyte, want 3", n)
	}
	close(w.free)
	q.close()
	<-q.done
	if got := w.text.String(); strings.Count(got, "x\n") != 1025 || !strings.HasSuffix(got, "x\nnotice\n") {
		t.Errorf("%d lines were written, the last %q", strings.Count(got, "x\n"), got[max(len(got)-20, 0):])
	}
}

// TestNothingPassesALoss: a short line does not take the place that a long one
// did not find.
func TestNothingPassesALoss(t *testing.T) {
	t.Parallel()
	w := newHeldWriter()
	q := newQueue(w, func(lines int) []byte { return []byte("notice\n") })
	q.Write(line(10))
	<-w.taken
	q.Write(line(10))
	q.Write(line(queueLimit))
	q.Write([]byte("late\n"))
	if n := q.lost(); n != 2 {
		t.Errorf("%d lines were lost, want 2: a line came out of its turn", n)
	}
	close(w.free)
	q.close()
	<-q.done
	if strings.Contains(w.text.String(), "late") {
		t.Errorf("a line came out of its turn")
	}
}

// TestFarewell: Close waits one second for a reader that is away, and not at all
// for one that is there.
func TestFarewell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHeldWriter()
		l := NewLog(w, "tcpserve", "text", Normal)
		l.Event("never read")
		began := time.Now()
		l.Close()
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close waited for %v", took)
		}
		close(w.free)
		<-l.queue.done

		l = NewLog(io.Discard, "tcpserve", "text", Normal)
		l.Event("read")
		began = time.Now()
		l.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("Close waited for %v with nothing to wait for", took)
		}
	})
}

// TestLostAndFound: every line that failed is counted once, also when the notice
// of it fails.
func TestLostAndFound(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	fails := 3
	w := writerFunc(func(b []byte) (int, error) {
		if fails > 0 {
			fails--
			return 0, errors.New("no space left on device")
		}
		return text.Write(b)
	})
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(w, "tcpserve", "text", Normal)
		for range 4 { // the first fails; the notices before the next two do; then all is well
			l.Event("one")
			synctest.Wait()
		}
		if n := l.Dropped(); n != 3 {
			t.Errorf("%d lines were lost, want 3", n)
		}
		l.Close()
	})
	if dropped, lines := missing(t, text.String()); dropped != 3 || lines != 1 {
		t.Errorf("%d lines, and %d are said to be missing:\n%s", lines, dropped, text.String())
	}
}

type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

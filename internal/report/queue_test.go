package report

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// gatedWriter is a standard error that somebody stops and starts reading, or
// whose disk is full.
type gatedWriter struct {
	gate sync.Mutex // held: nobody reads
	mu   sync.Mutex
	full bool
	text bytes.Buffer
}

func (w *gatedWriter) Write(b []byte) (int, error) {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return 0, errors.New("no space left on device")
	}
	return w.text.Write(b)
}

func (w *gatedWriter) fill(full bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = full
}

// missing adds up what the log says is missing, and counts its other lines.
func missing(t *testing.T, log string) (dropped, lines int) {
	t.Helper()
	for line := range strings.Lines(log) {
		if _, rest, found := strings.Cut(line, "log: "); found {
			var n int
			if _, err := fmt.Sscanf(rest, "%d lines dropped", &n); err != nil {
				t.Errorf("line %q: %v", line, err)
			}
			dropped += n
		} else {
			lines++
		}
	}
	return dropped, lines
}

// TestLogNeverBlocks logs much more than fits while nobody reads: every line
// is either there or counted.
func TestLogNeverBlocks(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json", "ucspi"} {
		w := &gatedWriter{}
		l := NewLog(w, "serve", format, Verbose)
		w.gate.Lock()
		const many = 40000
		padding := slog.String("padding", strings.Repeat("x", 100))
		for range many {
			l.Error("test", errors.New("lost"), padding)
		}
		w.gate.Unlock()
		closed(l)
		dropped, lines := missing(t, w.text.String())
		if dropped == 0 || dropped+lines != many {
			t.Errorf("%s: %d lines, %d dropped: want %d in all", format, lines, dropped, many)
		}
	}
}

// TestLogOnFullDisk fails some writes: the lines are counted, and said to be
// missing before the next one.
func TestLogOnFullDisk(t *testing.T) {
	t.Parallel()
	w := &gatedWriter{full: true}
	l := NewLog(w, "serve", "json", Normal)
	for range 100 {
		l.Event("lost")
	}
	for l.queue.lost() < 100 {
		runtime.Gosched()
	}
	w.fill(false)
	l.Event("kept")
	closed(l)
	dropped, lines := missing(t, w.text.String())
	if dropped != 100 || lines != 1 {
		t.Errorf("%d lines, %d dropped: want 1 and 100:\n%s", lines, dropped, w.text.String())
	}
	for line := range strings.Lines(w.text.String()) {
		if !strings.HasPrefix(line, `{"ts":`) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// fullDisk takes so many bytes, then none until there is space.
type fullDisk struct {
	space int
	got   []byte
}

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.space)
	d.got, d.space = append(d.got, b[:n]...), d.space-n
	if n < len(b) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

// TestTornLine: after a line that was cut off in the middle the next one begins on
// a line of its own.
func TestTornLine(t *testing.T) {
	t.Parallel()
	for space := range 12 {
		disk := &fullDisk{space: space}
		q := &queue{to: disk, notice: func(n int) []byte { return fmt.Appendf(nil, "lost %d\n", n) }}
		q.pending = []byte("first\nsecond\n")
		q.turn()
		q.pending = append(q.pending, "lost\n"...)
		q.turn()
		disk.space = 1000
		q.pending = append(q.pending, "last\n"...)
		for q.turn() {
		}
		got := string(disk.got)
		if !strings.HasSuffix(got, "\nlast\n") && got != "last\n" {
			t.Errorf("space for %d: %q", space, got)
		}
		for i, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			if !strings.HasPrefix("first", line) && !strings.HasPrefix("second", line) && line != "last" && !strings.HasPrefix(line, "lost ") {
				t.Errorf("space for %d, line %d: %q", space, i, got)
			}
		}
	}
}

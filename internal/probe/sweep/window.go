package sweep

import "sync"

// window decides how many attempts may be under way. It grows while attempts
// have to wait for their answers, and shrinks when the network loses packets or
// this machine runs out of something.
type window struct {
	mu      sync.Mutex
	size    float64
	most    float64
	calm    bool // something was lost: grow slowly from now on
	workers int
}

// firstWindow is where it starts.
const firstWindow = 64

func newWindow(most int) *window {
	return &window{size: float64(min(firstWindow, most)), most: float64(most)}
}

// signal is what an attempt tells about the window.
type signal uint8

const (
	atOnce   signal = iota // answered at once: nothing waits, more workers would not help
	answered               // answered after a while
	silent                 // no answer (yet)
	lost                   // answered now, but not the time before
	starved                // no descriptors, no ports: this machine's own limit
)

// note adapts the size and tells how many workers to add.
func (w *window) note(s signal) (add int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s {
	case answered, silent: // silence is as likely a filter as it is loss; lost tells
		w.grow(1)
	case lost:
		w.size, w.calm = max(w.size/2, 4), true
	case starved:
		w.size, w.calm = max(w.size*0.7, 1), true
	}
	add = max(int(w.size)-w.workers, 0)
	w.workers += add
	return add
}

func (w *window) grow(by float64) {
	if w.calm {
		by /= w.size
	}
	w.size = min(w.size+by, w.most)
}

// leave tells a worker whether it is one too many; if so it is not counted any
// more.
func (w *window) leave() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.workers <= max(int(w.size), 1) {
		return false
	}
	w.workers--
	return true
}

// done takes a worker that found nothing to do off the count.
func (w *window) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workers--
}

// now is how many workers there may be.
func (w *window) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.size)
}

//go:build !unix

package relay

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// waker interrupts waits for In and Out, where the system lets it.
type waker struct {
	ch     chan struct{}
	halted atomic.Bool
	once   sync.Once
}

func newWaker() (*waker, error) { return &waker{ch: make(chan struct{})}, nil }

func (w *waker) stop() {
	w.halted.Store(true)
	w.wake()
}

func (w *waker) stopped() bool { return w.halted.Load() }
func (w *waker) wake()         { w.once.Do(func() { close(w.ch) }) }
func (w *waker) close()        { w.wake() }

// sleep waits for d, or until the waker wakes: errStopped.
func (w *waker) sleep(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-w.ch:
		return errStopped
	}
}

// input is the In of a session. A read of it cannot be interrupted.
type input struct {
	f    *os.File
	wake *waker
}

func newInput(f *os.File, w *waker) (*input, error) { return &input{f, w}, nil }

func (in *input) regular() bool  { return false }
func (in *input) stream() bool   { return true }
func (in *input) waiting() int64 { return 0 }

func (in *input) read(p []byte) (int, error) {
	if in.wake.stopped() {
		return 0, errStopped
	}
	n, err := in.f.Read(p)
	if n > 0 {
		return n, nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return 0, err
}

// output is the Out of a session.
type output struct {
	f    *os.File
	wake *waker
}

func newOutput(f *os.File, w *waker) (*output, error) { return &output{f, w}, nil }

func (o *output) write(p []byte) error {
	_, err := o.f.Write(p)
	return err
}

func (o *output) pipe() bool      { return false }
func (o *output) watchable() bool { return false }
func (o *output) gone() bool      { return false }

// spliceOut leaves pipes to the buffered path.
func (e *engine) spliceOut() (handled bool, err error) { return false, nil }

// Package terminal is for a person who types lines at a terminal while text arrives
// there: the line can be edited, what was typed before comes back, and what arrives
// is shown above the line.
//
// The editor is golang.org/x/term's. What a peer has said without a newline, such as
// a question, is the prompt of the line.
package terminal

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// Config says which terminal it is, and what is known about lines.
type Config struct {
	In, Out *os.File // the terminal; the caller's
	History *History // nil remembers nothing beyond this session
	Ended   string   // is said when ^D was typed, on a line of its own
}

// Terminal edits lines. There is one at a time in a process.
type Terminal struct {
	In  *os.File // the lines that were typed, for the reader
	Out *os.File // takes what is to be shown

	ctx    context.Context
	cfg    Config
	mode   mode
	screen *screen
	keys   *keys
	typed  *os.File // the other end of In
	shown  *os.File // the other end of Out

	forget  func() bool // ctx
	signals chan os.Signal
	watched sync.WaitGroup // the goroutine of the signals
	drained chan struct{}  // all of Out was shown
	edited  chan struct{}  // no line will come any more

	mu   sync.Mutex
	raw  bool // the terminal is in our mode
	over bool // no line is edited any more
}

// current is the terminal that is open, or nil.
var current atomic.Pointer[Terminal]

// prompt is where a line begins, if the peer has not said something before it.
const prompt = "> "

// Usable reports whether lines can be edited: in and out are the same terminal, which is
// ours at the moment, and not too simple. Otherwise the terminal does it in its own way.
func Usable(in, out *os.File) bool { return same(in, out) && foreground(in) && !dumb() }

// Open begins to edit lines at a terminal that is usable, and ends that when ctx is done.
// The caller closes what it returns.
func Open(ctx context.Context, cfg Config) (*Terminal, error) {
	t := &Terminal{ctx: ctx, cfg: cfg, signals: make(chan os.Signal, 8), drained: make(chan struct{}), edited: make(chan struct{})}
	if err := t.pipes(); err != nil {
		return nil, err
	}
	t.keys = newKeys(cfg.In)
	t.screen = newScreen(t.keys, cfg.Out, cfg.History)
	var err error
	if t.mode, err = modeOf(cfg.In); err == nil {
		err = t.enter()
	}
	if err != nil {
		t.In.Close()
		t.Out.Close()
		t.typed.Close()
		t.shown.Close()
		return nil, fmt.Errorf("terminal: %w", err)
	}
	current.Store(t)
	signal.Notify(t.signals, watchedSignals()...)
	t.watched.Go(t.watch)
	go t.edit()
	go t.show()
	t.forget = context.AfterFunc(ctx, t.end)
	return t, nil
}

func dumb() bool {
	kind := os.Getenv("TERM")
	return kind == "" || kind == "dumb"
}

// pipes makes what the session reads and writes in the place of the terminal.
func (t *Terminal) pipes() (err error) {
	if t.In, t.typed, err = os.Pipe(); err != nil {
		return err
	}
	if t.shown, t.Out, err = os.Pipe(); err != nil {
		t.In.Close()
		t.typed.Close()
	}
	return err
}

// enter puts the terminal into our mode, and shows the line again.
func (t *Terminal) enter() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return nil
	}
	if err := t.mode.set(t.cfg.In); err != nil {
		return err
	}
	t.raw = true
	if width, height, err := term.GetSize(int(t.cfg.Out.Fd())); err == nil {
		t.screen.resize(width, height)
	}
	return nil
}

// leave gives the terminal back the mode that it had.
func (t *Terminal) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw {
		t.raw = false
		t.mode.restore(t.cfg.In)
	}
}

// surrender gives the terminal back for good.
func (t *Terminal) surrender() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.leave()
}

// edit passes on what is typed, a line at a time.
func (t *Terminal) edit() {
	defer close(t.edited)
	defer t.typed.Close()
	for {
		line, err := t.screen.line()
		if err == io.EOF && t.keys.ended() {
			return
		}
		if err != nil {
			t.surrender()
			t.screen.finish()
			if err == io.EOF {
				t.screen.aside([]byte(t.cfg.Ended + "\n"))
			}
			return
		}
		if _, err := t.typed.WriteString(line + "\n"); err != nil {
			return // nobody wants lines any more
		}
	}
}

// show shows what comes to Out.
func (t *Terminal) show() {
	defer close(t.drained)
	io.Copy(t.screen, t.shown)
}

// Restore gives the terminal back the mode that it had, if there is one that is
// being edited at: for those who end the process without closing it.
func Restore() {
	if t := current.Load(); t != nil {
		t.end()
	}
}

// end ends the editing from another goroutine than the one that edits: what was being
// typed is erased.
func (t *Terminal) end() {
	t.keys.end()
	t.typed.Close() // for a line that nobody takes
	t.surrender()
	erased := make(chan struct{})
	go func() {
		defer close(erased)
		<-t.edited
		t.screen.finish()
	}()
	select {
	case <-erased:
	case <-time.After(patience):
	}
}

// patience is how long we wait for a terminal that takes no output, when it should not be
// waited for.
const patience = time.Second

// Close waits until all that was written to Out is shown, and restores the terminal. If
// ctx is done it does not wait for long. Whoever writes to Out must have ended.
func (t *Terminal) Close() {
	t.Out.Close()
	select {
	case <-t.drained:
	case <-t.ctx.Done():
		select {
		case <-t.drained:
		case <-time.After(patience):
		}
	}
	t.forget()
	t.end()
	signal.Stop(t.signals)
	close(t.signals)
	t.watched.Wait()
	current.CompareAndSwap(t, nil)
	t.In.Close()
	t.shown.Close()
}

// Aside returns a writer to f for lines that are not the session's. They are shown above
// the line being typed, if that is at the same terminal.
func Aside(f *os.File) io.Writer { return aside{f} }

type aside struct{ f *os.File }

func (a aside) Write(b []byte) (int, error) {
	if t := current.Load(); t != nil && same(a.f, t.cfg.Out) {
		return t.screen.aside(b)
	}
	return a.f.Write(b)
}

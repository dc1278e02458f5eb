// Package dialogue holds a conversation in steps: what is expected from the peer, and
// what is said to it, one after the other.
package dialogue

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"nettool/internal/window"
)

// Step is one of a dialogue: it expects, or it sends. What it expects comes after what the
// step before has matched, in a window's size.
type Step struct {
	Name   string         // for messages, or empty
	Expect *regexp.Regexp // nil: Send
	Text   string         // of Expect, as it was written
	Send   []byte
}

// lastWords is how much of the end messages show.
const lastWords = 64

// Dialogue goes through its steps as the peer's bytes come in. What it sends is
// written to a pipe whose other end is a session's In.
type Dialogue struct {
	steps []Step
	limit time.Duration
	fail  func(error)

	mu     sync.Mutex // the timer looks at any time
	at     int        // the step that is to be done
	window window.Window
	expect *window.Expression // of that step, once it was looked for
	out    io.WriteCloser     // nil once all is said
	timer  *time.Timer
	over   bool
}

// New is a dialogue that writes to out, and closes it after the last step. fail is
// called, in a goroutine of its own, when a step's expectation is not met within limit,
// unless that is zero.
func New(steps []Step, limit time.Duration, out io.WriteCloser, fail func(error)) *Dialogue {
	return &Dialogue{steps: steps, limit: limit, out: out, fail: fail}
}

// Begin does the steps that wait for nothing.
func (d *Dialogue) Begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit > 0 {
		d.timer = time.AfterFunc(d.limit, d.late)
	}
	d.say()
}

// Take sees what the peer has sent. It returns how much of it belongs to the session,
// and whether the last step is done, with nothing more to send.
func (d *Dialogue) Take(p []byte) (n int, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken := len(d.window.Bytes())
	d.window.Add(p)
	for d.at < len(d.steps) && d.steps[d.at].Expect != nil && !d.over {
		if d.expect == nil {
			d.expect = window.New(d.steps[d.at].Expect)
		}
		end := d.window.Find(d.expect)
		if end < 0 {
			break
		}
		d.window.Drop(end)
		taken -= end
		d.next()
		if d.at == len(d.steps) {
			d.end()
			return min(max(-taken, 0), len(p)), true
		}
		d.say()
	}
	d.window.Trim()
	return len(p), false
}

// next goes to the next step.
func (d *Dialogue) next() {
	d.at++
	d.expect = nil
	if d.timer != nil {
		d.timer.Reset(d.limit)
	}
}

// say sends until something is expected. A session that no longer takes it has ended.
func (d *Dialogue) say() {
	for d.at < len(d.steps) && d.steps[d.at].Expect == nil {
		if _, err := d.out.Write(d.steps[d.at].Send); err != nil {
			return
		}
		d.next()
	}
	if d.at == len(d.steps) {
		d.end()
	}
}

// end says no more, and expects nothing more.
func (d *Dialogue) end() {
	if d.timer != nil {
		d.timer.Stop()
	}
	if !d.over {
		d.over = true
		d.out.Close()
	}
}

// late fails a step that has waited too long.
func (d *Dialogue) late() {
	d.mu.Lock()
	err := d.missing(fmt.Sprintf("was not met within %v", d.limit))
	d.mu.Unlock()
	if err != nil {
		d.fail(err)
	}
}

// Close ends a dialogue wherever it is.
func (d *Dialogue) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
}

// Missing is the step that was not reached when the peer had ended, or nil.
func (d *Dialogue) Missing() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.missing("was not met before the end")
}

func (d *Dialogue) missing(how string) error {
	if d.at == len(d.steps) {
		return nil
	}
	step := d.steps[d.at]
	what := fmt.Sprintf("step %d", d.at+1)
	if step.Name != "" {
		what += fmt.Sprintf(" (%s)", step.Name)
	}
	if step.Expect == nil {
		return errors.New(what + ": the text was not sent")
	}
	tail := d.window.Bytes()
	tail = tail[max(len(tail)-lastWords, 0):]
	if len(tail) == 0 {
		return fmt.Errorf("%s: expect %q %s, nothing was received", what, step.Text, how)
	}
	return fmt.Errorf("%s: expect %q %s, the last received were %q", what, step.Text, how, tail)
}

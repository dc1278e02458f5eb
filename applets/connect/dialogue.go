package connect

import (
	"cmp"
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nettool/internal/dialogue"
	"nettool/internal/exit"
	"nettool/internal/relay"
)

// defaultStepTimeout bounds what a step waits for.
const defaultStepTimeout = 30 * time.Second

// given counts the steps of a command line: kong keeps the order within one flag
// only.
var given atomic.Int64

// expected and sending are values of --expect and --send, with their place among both.
type (
	expected struct{ ordered }
	sending  struct{ ordered }
)

type ordered struct {
	at   int64
	step dialogue.Step
}

// UnmarshalText reads an expression.
func (e *expected) UnmarshalText(text []byte) (err error) {
	e.at = given.Add(1)
	e.step, err = dialogue.Expect(string(text))
	return err
}

// UnmarshalText reads a text with escapes.
func (s *sending) UnmarshalText(text []byte) (err error) {
	s.at = given.Add(1)
	s.step, err = dialogue.Send(string(text))
	return err
}

// any reports whether there is a flag.
func (f *dialogueFlags) any() bool {
	return len(f.Expect) > 0 || len(f.Send) > 0 || f.Script != "" || f.StepTimeout != 0
}

// steps are those of the flags or of the script, none without either.
func (f *dialogueFlags) steps() ([]dialogue.Step, error) {
	if f.Script != "" {
		if len(f.Expect)+len(f.Send) > 0 {
			return nil, exit.Errorf(exit.Usage, "--script has the steps: --expect and --send cannot add to them")
		}
		text, err := os.ReadFile(f.Script)
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "script: %w", err)
		}
		steps, err := dialogue.Parse(string(text))
		if err != nil {
			return nil, exit.Errorf(exit.Usage, "script %q: %w", f.Script, err)
		}
		return steps, nil
	}
	var all []ordered
	for _, e := range f.Expect {
		all = append(all, e.ordered)
	}
	for _, s := range f.Send {
		all = append(all, s.ordered)
	}
	slices.SortFunc(all, func(a, b ordered) int { return cmp.Compare(a.at, b.at) })
	steps := make([]dialogue.Step, len(all))
	for i, o := range all {
		steps[i] = o.step
	}
	if len(steps) == 0 && f.StepTimeout != 0 {
		return nil, exit.Errorf(exit.Usage, "--step-timeout without steps: there is no --expect, --send or --script")
	}
	return steps, nil
}

// talk puts the steps in the place of the session's In. stop, which must be called,
// ends them. Without steps it is nil.
func (c *Cmd) talk(s *relay.Session, cancel context.CancelCauseFunc) (d *dialogue.Dialogue, stop func(), err error) {
	if len(c.steps) == 0 {
		return nil, func() {}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, exit.With(exit.Local, err)
	}
	s.In = r
	d = dialogue.New(c.steps, c.Dialogue.StepTimeout.Or(defaultStepTimeout), w, func(err error) {
		cancel(exit.With(exit.Expectation, err))
	})
	var beginning sync.WaitGroup
	beginning.Go(d.Begin) // it waits where the first text is longer than a pipe
	return d, func() {
		r.Close()
		d.Close()
		beginning.Wait()
	}, nil
}

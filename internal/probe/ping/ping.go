// Package ping asks targets again and again on an absolute schedule. An attempt
// that takes long holds nobody up: the next one starts when it is due. A tick at
// which none could start is counted, never hidden.
package ping

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

// Config says how often and how long. Zero is the default.
type Config struct {
	Spec     attempt.Spec
	Interval time.Duration // default 1 s
	Count    int64         // ticks for each target; zero is until the end
	Duration time.Duration // no tick is later than this; zero is until the end
	Overlap  int           // attempts at one target at once; default what descriptors allow, at most 4096
	Redraw   time.Duration // how often Observer.Redraw is called; zero is never

	slots attempt.Slots
	exact bool // ticks are met to within some microseconds
}

// Observer is told what happens, by one goroutine. Funcs may be nil.
type Observer struct {
	// Attempt is called when an attempt at a target ends.
	Attempt func(target int, tick Tick, r *attempt.Result)
	// Change is called when a target goes down or comes up. It follows the order
	// of the schedule, so that it may come later than the attempt itself.
	Change func(target int, c *tally.Change)
	// Missed is called for n ticks at which no attempt could start: the first was due at
	// a time since the schedule began, and one could start a time late after it.
	Missed func(target int, n int64, due, late time.Duration)
	Redraw func()
	// Tell is called when something comes from Asked: somebody wants to know how it
	// goes.
	Tell  func()
	Asked <-chan os.Signal
}

// event tells what has happened, in the order in which it does.
func (see *Observer) event(start time.Time, e *event) {
	switch {
	case e.missed > 0:
		if see.Missed != nil {
			see.Missed(e.target, e.missed, e.due.Sub(start), e.late)
		}
	case see.Attempt != nil:
		see.Attempt(e.target, Tick{e.seq, e.due.Sub(start), e.result.Start.Sub(e.due)}, &e.result)
	}
}

// Tick is a moment of the schedule at which an attempt was due.
type Tick struct {
	Seq  int64         // counts a target's ticks from 1
	Due  time.Duration // since the schedule began
	Late time.Duration // until the attempt started
}

// DefaultInterval is the time between ticks.
const DefaultInterval = time.Second

// event is the end of an attempt, or ticks that were missed.
type event struct {
	target int
	seq    int64
	missed int64
	due    time.Time     // of the first tick when they were missed
	late   time.Duration // from there until an attempt could start again
	result attempt.Result
}

// Run asks until the schedule ends or ctx does, and then lets the attempts that
// run come to their end (or cancels them, when it is ctx that ended). tallies
// has one for each target; it may be read in the observer's funcs, and
// afterwards.
func Run(ctx context.Context, c Config, targets []socket.Addr, tallies []*tally.Tally, see Observer) {
	c = c.withDefaults(len(targets), attempt.Room())
	events := make(chan event, 64)
	var schedules sync.WaitGroup
	start := time.Now()
	for i, to := range targets {
		s := &schedule{config: &c, to: to, number: i, start: start, events: events}
		schedules.Go(func() { s.run(ctx) })
	}
	go closeAfter(&schedules, events)
	collect(&c, start, events, tallies, see)
}

// withDefaults fills in what is not given, for this number of targets and with room
// for this number of connections.
func (c Config) withDefaults(targets, room int) Config {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	if c.Overlap <= 0 {
		c.Overlap = min(max(room/2/targets, 1), 4096)
	}
	c.slots = attempt.NewSlots(room)
	const few = 8
	c.exact = targets <= few
	return c
}

func closeAfter(w *sync.WaitGroup, events chan<- event) {
	w.Wait()
	close(events)
}

// collect hands events on until there are no more.
func collect(c *Config, start time.Time, events <-chan event, tallies []*tally.Tally, see Observer) {
	lines := slices.Repeat([]line{{interval: c.Interval}}, len(tallies))
	var redraw <-chan time.Time
	if c.Redraw > 0 && see.Redraw != nil {
		t := time.NewTicker(c.Redraw)
		defer t.Stop()
		redraw = t.C
	}
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			see.event(start, &e)
			for change := range lines[e.target].take(e, tallies[e.target]) {
				if see.Change != nil {
					see.Change(e.target, change)
				}
			}
		case <-redraw:
			see.Redraw()
		case <-see.Asked:
			see.Tell()
		}
	}
}

package relay

import (
	"context"
	"sync"
	"time"

	"nettool/internal/exit"
)

// engine runs one Session. Its goroutines send, receive and watch Out; supervise
// alone decides, from how they end, the timers and the context.
type engine struct {
	s        *Session
	link     *link
	in       *input  // nil: receive only
	out      *output // nil: send only
	halt     *waker  // wakes upload
	wake     *waker  // wakes whoever waits for Out
	events   chan event
	running  int // goroutines whose end has not been seen
	linger   time.Duration
	afterEOF time.Duration

	stdinEOF  bool // In ended by itself
	peerEOF   bool
	sending   bool // upload runs
	receiving bool // download runs
	broken    error
	closing   *closing // not nil: the session is ending, what was sent is on its way
	reason    string   // why the session is over, empty while it is not
	err       error
	lost      int64 // bytes that were not delivered

	showing sync.Mutex // held while Out is written

	deadline, idle, quiet, hold, trail, tick, lookout *time.Timer
}

// event is the end of one goroutine.
type event struct {
	from role
	err  error
}

type role int

const (
	uploader role = iota
	downloader
	watcher
)

func newEngine(s *Session) (*engine, error) {
	e := &engine{s: s, link: newLink(s.Conn), events: make(chan event, 3)}
	if err := e.open(); err != nil {
		return nil, exit.With(exit.Local, err)
	}
	e.linger = orDefault(s.Linger, DefaultLinger)
	e.afterEOF = orDefault(s.AfterEOF, 0)
	if e.link.datagram {
		e.afterEOF = orDefault(s.AfterEOF, datagramQuiet)
	}
	return e, nil
}

// open prepares In and Out.
func (e *engine) open() (err error) {
	if e.halt, err = newWaker(); err != nil {
		return err
	}
	if e.wake, err = newWaker(); err != nil {
		return err
	}
	if e.s.In != nil {
		e.in, err = newInput(e.s.In, e.halt)
	}
	if err == nil && e.s.Out != nil {
		e.out, err = newOutput(e.s.Out, e.wake)
	}
	return err
}

// orDefault applies "zero is the default, negative is off"; off is zero.
func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}

// launch starts the timers and the goroutines.
func (e *engine) launch() {
	e.s.counts.started.Store(time.Now().UnixNano())
	e.deadline, e.idle, e.tick = timer(e.s.Deadline), timer(e.s.Idle/idleSamples), timer(0)
	e.quiet, e.hold, e.trail = timer(0), timer(0), timer(0)
	if e.in != nil {
		e.sending = true
		e.running++
		go e.upload()
	}
	e.receiving = true
	e.running++
	go e.download()
	e.lookout = timer(0)
	if e.out != nil && e.out.watchable() {
		e.lookout.Reset(watchDelay)
	}
}

// watchDelay saves short sessions the thread that watches Out.
const watchDelay = 20 * time.Millisecond

// startWatch begins to watch Out's reader.
func (e *engine) startWatch() {
	e.running++
	go e.watch()
}

// timer returns a timer that fires after d. If d is zero, it does not fire until it
// is reset.
func timer(d time.Duration) *time.Timer {
	t := time.NewTimer(max(d, time.Minute))
	t.Stop()
	if d > 0 {
		t.Reset(d)
	}
	return t
}

// watch reports that Out's reader went away, also while the network is silent.
func (e *engine) watch() {
	if e.out.gone() {
		e.events <- event{watcher, ErrStdoutGone}
		return
	}
	e.events <- event{watcher, errStopped}
}

// supervise returns when the session is over.
func (e *engine) supervise(ctx context.Context) {
	for e.reason == "" {
		select {
		case ev := <-e.events:
			e.running--
			e.handle(ev)
		case <-e.deadline.C:
			e.end(ReasonMaxTime, exit.Errorf(exit.TimedOut, "the deadline of %v passed", e.s.Deadline))
		case <-e.idle.C:
			e.checkIdle()
		case <-e.quiet.C:
			e.checkQuiet()
		case <-e.hold.C:
			e.checkHold()
		case <-e.trail.C:
			e.checkTrail()
		case <-e.tick.C:
			e.checkClosing()
		case <-e.lookout.C:
			e.startWatch()
		case <-ctx.Done():
			err := context.Cause(ctx)
			e.end(ReasonCancelled, exit.With(exit.Of(err), err))
		}
	}
	if e.lost == 0 && e.err != nil {
		e.lost = e.undelivered()
	}
}

// end makes the session over. The first decision stands.
func (e *engine) end(reason string, err error) {
	if e.reason == "" {
		e.reason, e.err = reason, err
	}
}

// idleSamples is how often within Idle the peer's acknowledgements are checked.
const idleSamples = 16

// checkIdle ends the session when nothing has moved for Idle.
func (e *engine) checkIdle() {
	c := &e.s.counts
	if e.link.ackedMore() { // a long write is under way, and the peer takes from it
		c.lastMove.Store(c.now())
	}
	if left := e.left(e.s.Idle, c.lastMove.Load()); left > 0 {
		e.idle.Reset(min(left, e.s.Idle/idleSamples))
		return
	}
	e.end(ReasonIdle, exit.Errorf(exit.TimedOut, "no byte either way for %v", e.s.Idle))
}

// checkQuiet ends the session as a success when nothing was received for
// AfterEOF.
func (e *engine) checkQuiet() {
	if left := e.left(e.afterEOF, e.s.counts.lastIn.Load()); left > 0 {
		e.quiet.Reset(left)
		return
	}
	e.close(ReasonAfterEOF, false)
}

// checkHold closes our side when nothing was received for HalfCloseAfter. The
// peer may still speak.
func (e *engine) checkHold() {
	if left := e.left(e.s.HalfCloseAfter, e.s.counts.lastIn.Load()); left > 0 {
		e.hold.Reset(left)
		return
	}
	e.halfClose()
	if e.s.HalfClosed != nil {
		e.s.HalfClosed()
	}
}

// left returns how much of limit remains since the moment last. While we wait for
// Out's reader and not for the peer, that is all of it.
func (e *engine) left(limit time.Duration, last int64) time.Duration {
	if e.s.counts.outBlocked.Load() {
		return limit
	}
	return limit - time.Duration(e.s.counts.now()-last)
}

// release closes the connection and collects the goroutines, except those that
// the kernel holds in a read of In or a write to Out.
func (e *engine) release() {
	if e.reason == ReasonStdin {
		e.link.abort() // the peer must not take our end for the end of the data
	}
	e.halt.stop() // nothing more is taken from In
	e.wake.wake()
	e.link.close(e.err == nil && e.broken == nil)
	for _, t := range []*time.Timer{e.deadline, e.idle, e.quiet, e.hold, e.trail, e.tick, e.lookout} {
		t.Stop()
	}
	grace := time.NewTimer(50 * time.Millisecond)
	defer grace.Stop()
	for e.running > 0 {
		select {
		case <-e.events:
			e.running--
		case <-grace.C:
			return // they may still look at the wakers
		}
	}
	e.halt.close()
	e.wake.close()
}

func (e *engine) result() Result {
	c := &e.s.counts
	return Result{
		BytesIn: c.in.Load(), BytesOut: c.out.Load(), Undelivered: e.lost,
		Reason: e.reason, Elapsed: time.Duration(c.now()),
	}
}

package relay

import (
	"errors"
	"os"
	"syscall"
	"time"

	"nettool/internal/exit"
)

// handle acts on the end of one goroutine.
func (e *engine) handle(ev event) {
	switch ev.from {
	case uploader:
		e.sending = false
		e.sendingEnded(ev.err)
	case downloader:
		e.receiving = false
		e.receivingEnded(ev.err)
	case watcher:
		if ev.err == ErrStdoutGone {
			e.stdoutGone()
		}
	}
}

// localFailed ends the session because In or Out failed.
func (e *engine) localFailed(err *localError) {
	switch {
	case err.verb == readStdin:
		e.end(ReasonStdin, exit.With(exit.Local, err))
	case errors.Is(err, syscall.EPIPE):
		e.stdoutGone()
	default:
		e.end(ReasonStdout, exit.With(exit.Local, err))
	}
}

func (e *engine) stdoutGone() {
	e.end(ReasonStdout, exit.With(exit.Signal(syscall.SIGPIPE), ErrStdoutGone))
}

// sendingEnded follows the end of In, or of the connection's writing side.
func (e *engine) sendingEnded(err error) {
	var local *localError
	switch {
	case err == nil:
		e.inputEnded()
	case err == errQuit:
		e.stdinEOF = true
		e.endSide()
		e.close(ReasonQuit, true)
	case err == errStopped:
		e.checkClosing()
	case errors.As(err, &local):
		e.localFailed(local)
	default:
		e.sendFailed(err)
	}
}

// inputEnded ends our side, at once or after a silence. The session then lasts
// until the peer ends, or until what the options say instead.
func (e *engine) inputEnded() {
	e.stdinEOF = true
	e.s.counts.lastIn.Store(e.s.counts.now())
	e.endSide()
	switch {
	case e.closing != nil:
		e.checkClosing()
	case e.peerEOF:
		e.close(ReasonEOF, false)
	case e.out == nil:
		e.close(ReasonDone, !e.link.datagram)
	case e.afterEOF > 0:
		e.quiet.Reset(e.afterEOF)
	}
}

// endSide closes our side, or begins to wait for the peer's silence. A session that
// is closing does not wait.
func (e *engine) endSide() {
	switch after := e.s.HalfCloseAfter; {
	case after == 0 || e.link.datagram:
		e.halfClose()
	case after > 0 && e.closing == nil:
		e.hold.Reset(after)
	}
}

func (e *engine) halfClose() {
	if !e.s.QuietEnd || e.s.counts.taken.Load() > 0 {
		e.link.closeWrite()
	}
}

// sendFailed notes that the connection broke but keeps reading: the peer's last
// words are usually the reason.
func (e *engine) sendFailed(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) { // our own, of checkClosing
		e.finish()
		return
	}
	if e.broken == nil {
		e.broken = err
	}
	if !e.receiving || e.link.datagram {
		e.finish()
		return
	}
	e.close(ReasonReset, true)
}

// receivingEnded follows the end of what the peer sends.
func (e *engine) receivingEnded(err error) {
	var local *localError
	switch {
	case err == nil:
		e.peerEOF = true
		e.s.counts.lastMove.Store(e.s.counts.now())
		e.peerEnded()
	case err == errDone:
		e.close(ReasonDone, false)
	case errors.As(err, &local):
		e.localFailed(local)
	default:
		e.broken = err
		e.finish()
	}
}

// peerEnded ends the session, unless there is a reason to go on sending. A
// session that only sends does not care that the peer says nothing more: it may
// read on.
func (e *engine) peerEnded() {
	if e.closing == nil && e.sending && (e.s.FullDuplex || e.out == nil) && !e.spoken() {
		return
	}
	if e.closing == nil {
		e.close(ReasonEOF, false)
		return
	}
	e.checkClosing()
}

// spoken reports whether In ends with the peer, since it has nothing to say. If it may
// still have, checkTrail asks again.
func (e *engine) spoken() bool {
	after := e.s.AfterPeer
	if after <= 0 || e.in.regular() {
		return false
	}
	c := &e.s.counts
	silent := e.in.waiting() == 0 && e.link.unacked() == 0 && c.taken.Load() == c.out.Load()
	if silent && (!e.in.stream() || c.now()-c.lastMove.Load() >= int64(after)) {
		return true
	}
	e.trail.Reset(after / trailSamples)
	return false
}

// trailSamples is how often within AfterPeer it is asked whether In has spoken.
const trailSamples = 16

// checkTrail ends a session whose peer has ended, once In is silent.
func (e *engine) checkTrail() {
	if e.closing == nil && e.sending && e.spoken() {
		e.close(ReasonEOF, false)
	}
}

// closing is the last part of a session: nothing more is taken from In, and what
// was taken is on its way to the peer.
type closing struct {
	reason   string
	wantEnd  bool // wait for the peer's end as well
	progress int64
	since    time.Time // of the last progress
	step     time.Duration
	gaveUp   bool
}

// A closing session checks at this pace whether it is done.
const (
	firstStep = 200 * time.Microsecond
	lastStep  = 20 * time.Millisecond
)

// close begins the end of the session, for reason.
func (e *engine) close(reason string, wantEnd bool) {
	if e.closing != nil {
		return
	}
	e.closing = &closing{reason: reason, wantEnd: wantEnd, since: time.Now(), step: firstStep, progress: -1}
	e.quiet.Stop()
	e.hold.Stop()
	e.halt.stop() // upload takes nothing more
	e.checkClosing()
}

// checkClosing finishes the session when everything has arrived, when nothing
// more can arrive, or when nothing has moved for linger.
func (e *engine) checkClosing() {
	c := e.closing
	if c == nil || e.reason != "" {
		return
	}
	ended := e.peerEOF || !e.receiving || !c.wantEnd
	if !e.sending && ended && (e.link.unacked() == 0 || e.link.dead()) {
		e.finish()
		return
	}
	if p := e.progress(); p != c.progress || e.s.counts.outBlocked.Load() {
		c.progress, c.since = p, time.Now()
	}
	if time.Since(c.since) >= e.patience() {
		if !e.sending || c.gaveUp {
			e.finish()
			return
		}
		c.gaveUp = true
		c.since = time.Now()
		e.s.Conn.SetWriteDeadline(time.Unix(1, 0)) // upload ends, and tells how much it had left
	}
	e.tick.Reset(c.step)
	c.step = min(2*c.step, lastStep)
}

// patience is how long a closing session waits without progress: on a broken
// connection not long, since what the peer has sent is there already.
func (e *engine) patience() time.Duration {
	if e.broken != nil || e.closing.gaveUp {
		return time.Second
	}
	return e.linger
}

// progress is a number that changes when bytes are acknowledged, or received
// for Out.
func (e *engine) progress() int64 {
	n := e.s.counts.out.Load() - e.link.unacked()
	if e.out != nil {
		n += e.s.counts.in.Load()
	}
	return n
}

// finish ends the session, and notes how many of its bytes did not arrive.
func (e *engine) finish() {
	reason := ReasonEOF
	if e.closing != nil {
		reason = e.closing.reason
	}
	if e.broken != nil {
		reason = brokenReason(e.broken)
	}
	e.lost = e.undelivered()
	e.end(reason, nil)
}

// undelivered returns how many bytes were taken from In and not acknowledged, plus
// those that waited in In when the peer ended the session.
func (e *engine) undelivered() int64 {
	if e.in == nil {
		return 0
	}
	c := &e.s.counts
	n := c.taken.Load() - c.out.Load() + e.link.unacked()
	if !e.stdinEOF && (e.peerEOF || e.broken != nil) {
		n += e.in.waiting()
	}
	return n
}

// verdict is the error of a session that is over, nil for success.
func (e *engine) verdict() error {
	switch {
	case e.err != nil:
		return e.err
	case e.broken != nil:
		return brokenError(e.broken)
	case e.reason == ReasonDone && e.out != nil:
		return nil // it has what it wanted
	case e.lost > 0 && e.peerEOF && !e.stdinEOF:
		return exit.Hint(exit.With(exit.Broken, errPeerEnded), goOn)
	case e.lost > 0:
		return exit.With(exit.Broken, errLost)
	}
	return nil
}

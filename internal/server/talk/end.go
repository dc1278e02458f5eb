package talk

import (
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// Finish lets no conversation begin any more; settle lets those begin whose first datagram
// waits already. As nobody says that a conversation is over, one that has nothing to be
// answered ends when it has rested for a moment.
func (t *Talks) Finish(settle bool) {
	if t == nil {
		return
	}
	for _, b := range t.boxes {
		if settle && !t.cfg.Wait {
			b.Settle()
		}
		if b.last = true; t.cfg.Wait {
			b.Leave()
		}
	}
	t.wind()
}

// enough is how long a conversation must rest, with nothing to be answered, to be over when
// the server ends, or when another one needs its place.
const enough = time.Second

// Yield ends the conversation that has rested longest, if that is enough and nobody runs
// it: whoever forges addresses could keep all others out for as long as --idle says. It
// reports whether there is such a one.
func (t *Talks) Yield() bool {
	if !t.Direct() {
		return false
	}
	e := t.table.byRest.Front()
	for range mostWaiting {
		if e == nil || t.now()-e.Value.(*Talk).last < enough {
			return false
		}
		if k := e.Value.(*Talk); !k.waiting {
			t.end(k, handoff.Idle, "")
			return true
		}
		e = e.Next()
	}
	return false
}

// mostWaiting bounds how many conversations that wait for an answer are passed over.
const mostWaiting = 16

// wind ends what has nothing to be answered and has rested, now and then.
func (t *Talks) wind() {
	var rested []*Talk
	for _, k := range t.table.byEnvelope {
		if !k.waiting && t.now()-k.last >= enough {
			rested = append(rested, k)
		}
	}
	for _, k := range rested {
		t.over(k, handoff.Drain)
	}
	if t.table.size() > 0 {
		t.host.Loop().After(enough/4, t.wind)
	}
}

// over ends a conversation.
func (t *Talks) over(k *Talk, reason handoff.Reason) {
	if t.Direct() {
		t.end(k, reason, "")
		return
	}
	t.drop(k)
	t.host.Overdue(k.conn, reason)
}

// refused ends a conversation whose peer is not there any more.
func (t *Talks) refused(e loop.Envelope, err error) {
	k := t.table.find(e)
	if k == nil || k.out == 0 {
		return
	}
	t.over(k, handoff.Refused)
}

// Ended tells that a conversation that was run is over, and fills in its counts. What its
// program has said last is sent.
func (t *Talks) Ended(c *run.Conn, e *run.Ending) {
	if t != nil && t.cfg.Wait {
		t.returned(c)
	}
	k := t.of(c)
	if k == nil {
		return
	}
	t.last(k)
	left := k.unread()
	k.in -= int64(len(left))
	for _, datagram := range left {
		k.bytesIn -= int64(len(datagram))
	}
	t.forget(k)
	k.count(e)
	for _, datagram := range left { // they begin another conversation
		t.take(k.box, k.envelope, datagram)
	}
}

// Stop ends a conversation that nobody runs. It is false for another.
func (t *Talks) Stop(c *run.Conn) bool {
	k := t.of(c)
	if k == nil || !t.Direct() {
		return false
	}
	t.end(k, c.Cause(handoff.EOF), "")
	return true
}

// end ends a conversation that nobody runs.
func (t *Talks) end(k *Talk, reason handoff.Reason, text string) {
	t.forget(k)
	e := k.conn.End(handoff.Now())
	e.Reason, e.Err = k.conn.Cause(reason), text
	k.count(&e)
	e.To = k.upstream.to
	t.host.Ended(k.conn, e)
}

func (t *Talks) forget(k *Talk) {
	t.drop(k)
	delete(t.runs, k.conn)
	t.shut(k)
}

// drop takes a conversation out of the table: what its peer says from now on begins
// another.
func (t *Talks) drop(k *Talk) {
	t.table.remove(k)
	t.closed(k.envelope)
}

// count fills in what has passed.
func (k *Talk) count(e *run.Ending) {
	e.Counted, e.BytesIn, e.BytesOut = true, k.bytesIn, k.bytesOut
	e.Datagrams, e.DatagramsIn, e.DatagramsOut, e.Dropped = true, k.in, k.out, k.dropped
}

// schedule has the timers looked at when the first of them may have run out.
func (t *Talks) schedule() {
	if t.timer != nil || t.table.size() == 0 {
		return
	}
	_, _, next := t.table.overdue(t.now(), t.cfg.Idle, t.cfg.MaxTime)
	if next == 0 {
		next = t.now()
		if t.cfg.Idle <= 0 && t.cfg.MaxTime <= 0 {
			return
		}
	}
	t.timer = t.host.Loop().After(max(next-t.now(), 0), t.look)
}

// look ends what is overdue.
func (t *Talks) look() {
	t.timer = nil
	for {
		k, rested, _ := t.table.overdue(t.now(), t.cfg.Idle, t.cfg.MaxTime)
		if k == nil {
			break
		}
		reason := handoff.MaxTime
		if rested {
			reason = handoff.Idle
		}
		t.over(k, reason)
	}
	t.schedule()
}

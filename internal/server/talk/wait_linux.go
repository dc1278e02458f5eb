//go:build !portable

package talk

import (
	"bytes"
	"errors"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// wait is inetd's way ("wait" in inetd.conf(5)): a program has the socket itself until it
// ends. Meanwhile nobody else reads it.
type wait struct {
	run   *run.Conn // that has the socket, or nil
	first loop.Envelope
	since time.Time
	text  []byte        // the datagram that it was started for
	left  int           // runs in a row that have, it seems, left that unread
	pause time.Duration // before the next run then
}

// brief is how short the run of a program is that may have had a reason not to read.
const brief = time.Second

// arrived starts a program for the datagrams that wait, or drops the first one, whose
// sender is turned away.
func (t *Talks) arrived(b *Box) {
	e, text, err := b.Peek()
	if err != nil {
		return
	}
	w := &b.wait
	c := t.host.Admit(e)
	if c == nil {
		b.Discard()
		return
	}
	fd, err := b.Duplicate()
	if err != nil {
		end := c.End(handoff.Now())
		end.Reason, end.Err = handoff.Error, err.Error()
		t.host.Short("open conversation", err)
		t.host.Ended(c, end)
		b.Leave()
		t.host.Loop().After(loop.FirstBackoff, func() { t.resumeBox(b) })
		return
	}
	c.FD = fd
	w.run, w.first, w.text, w.since = c, e, bytes.Clone(text), time.Now()
	b.Leave()
	t.host.Run(c)
}

// returned takes the socket back from a program that has ended.
func (t *Talks) returned(c *run.Conn) {
	for _, b := range t.boxes {
		w := &b.wait
		if w.run != c {
			continue
		}
		w.run = nil
		e, text, err := b.Peek()
		if err == nil && e == w.first && bytes.Equal(text, w.text) && time.Since(w.since) < brief {
			w.left++
		} else {
			w.left, w.pause = 0, 0
		}
		if w.left < 2 { // once may be another one that is the same
			t.resumeBox(b)
			continue
		}
		w.pause = loop.Longer(w.pause)
		t.host.Short("program", errors.New("it ends and leaves the datagram unread that it is started for: it is started again, later and later"))
		t.host.Loop().After(w.pause, func() { t.resumeBox(b) })
	}
}

// resumeBox has a socket polled again, unless it is a successor's.
func (t *Talks) resumeBox(b *Box) {
	if b.last || b.wait.run != nil {
		return
	}
	if err := b.Poll(); err != nil {
		t.host.Short("poll datagrams", err)
		t.host.Loop().After(loop.FirstBackoff, func() { t.resumeBox(b) })
	}
}

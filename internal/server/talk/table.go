package talk

import (
	"container/list"
	"time"

	"nettool/internal/server/loop"
)

// table holds conversations by their envelope, in the order in which they began, and in
// that in which a datagram of theirs has passed last. It has no clock: times are what
// somebody tells it, and never go back.
type table struct {
	byEnvelope map[loop.Envelope]*Talk
	byAge      list.List // the oldest first
	byRest     list.List // the one that has rested longest first
}

func newTable() *table { return &table{byEnvelope: map[loop.Envelope]*Talk{}} }

// find is the conversation of an envelope, or nil.
func (t *table) find(e loop.Envelope) *Talk { return t.byEnvelope[e] }

// add begins a conversation; there is none of its envelope yet.
func (t *table) add(k *Talk, now time.Duration) {
	k.born, k.last = now, now
	t.byEnvelope[k.envelope] = k
	k.age, k.rest = t.byAge.PushBack(k), t.byRest.PushBack(k)
}

// touch notes that a datagram has passed.
func (t *table) touch(k *Talk, now time.Duration) {
	k.last = now
	t.byRest.MoveToBack(k.rest)
}

// remove ends a conversation, which may have ended before.
func (t *table) remove(k *Talk) {
	if t.byEnvelope[k.envelope] != k {
		return
	}
	delete(t.byEnvelope, k.envelope)
	t.byAge.Remove(k.age)
	t.byRest.Remove(k.rest)
}

func (t *table) size() int { return len(t.byEnvelope) }

// overdue is a conversation that has rested for idle, or is as old as oldest, or nil;
// which of the two it is, and when to ask again: zero is never. A time that is not
// positive is no limit.
func (t *table) overdue(now, idle, oldest time.Duration) (k *Talk, rested bool, next time.Duration) {
	if e := t.byAge.Front(); e != nil && oldest > 0 {
		k := e.Value.(*Talk)
		if k.born+oldest <= now {
			return k, false, 0
		}
		next = k.born + oldest
	}
	if e := t.byRest.Front(); e != nil && idle > 0 {
		k := e.Value.(*Talk)
		if k.last+idle <= now {
			return k, true, 0
		}
		if at := k.last + idle; next == 0 || at < next {
			next = at
		}
	}
	return nil, false, next
}

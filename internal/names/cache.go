package names

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"nettool/internal/handoff"
)

const (
	// mostKnown is how many addresses are remembered.
	mostKnown = 4096
	// fresh is for how long an answer counts, stale for how long that none was to be had.
	fresh, stale = time.Minute, 5 * time.Second
)

// cache remembers the names of addresses. It is safe for concurrent use.
type cache struct {
	now func() time.Time

	mu    sync.Mutex
	by    map[question]*list.Element
	order list.List // of entries, the one that was asked for last in front
}

// question is what an entry answers.
type question struct {
	ip       netip.Addr
	paranoid bool
}

type entry struct {
	question
	word  handoff.Word
	until time.Time
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, by: map[question]*list.Element{}}
}

// find is what is known.
func (c *cache) find(q question) (word handoff.Word, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.by[q]
	if e == nil || c.now().After(e.Value.(*entry).until) {
		return word, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry).word, true
}

// add remembers an answer; sure is false for that nobody could be asked.
func (c *cache) add(q question, word handoff.Word, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	life := fresh
	if !sure {
		life = stale
	}
	if old := c.by[q]; old != nil {
		c.order.Remove(old)
	}
	c.by[q] = c.order.PushFront(&entry{q, word, c.now().Add(life)})
	if c.order.Len() > mostKnown {
		last := c.order.Back()
		delete(c.by, c.order.Remove(last).(*entry).question)
	}
}

package loop

import (
	"container/heap"
	"time"
)

// Timer calls a function once, when its time has come.
type Timer struct {
	when  time.Time
	fn    func()
	index int // in the heap, or -1
}

// timers are those that have not fired, the next one first.
type timers struct{ heap timerHeap }

func (ts *timers) add(d time.Duration, fn func()) *Timer {
	t := &Timer{when: time.Now().Add(d), fn: fn}
	heap.Push(&ts.heap, t)
	return t
}

func (ts *timers) cancel(t *Timer) {
	if t != nil && t.index >= 0 {
		heap.Remove(&ts.heap, t.index)
	}
}

// next is when a timer fires: zero when there is none.
func (ts *timers) next() time.Time {
	if len(ts.heap) == 0 {
		return time.Time{}
	}
	return ts.heap[0].when
}

// fire calls the timers whose time has come.
func (ts *timers) fire() {
	if len(ts.heap) == 0 {
		return
	}
	now := time.Now()
	for len(ts.heap) > 0 && !ts.heap[0].when.After(now) {
		heap.Pop(&ts.heap).(*Timer).fn()
	}
}

// timerHeap is ordered by time (container/heap).
type timerHeap []*Timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].when.Before(h[j].when) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

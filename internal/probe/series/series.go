// Package series keeps what became of a target's attempts in the course of a run, for a
// plot and for a comparison with another run. Its memory does not grow with the run: of
// a long one it keeps a fair sample of the times.
package series

import "time"

// What a series keeps. The more slots there are, the finer is the time line; a
// percentile of one slot wants many times.
const (
	MaxSlots = 64  // when a run needs more, two neighbours become one
	MaxTimes = 128 // kept in a slot: a fair sample when there were more
)

// shortest is the width of a slot at first.
const shortest = time.Millisecond

// Series is one target's run, divided into slots of equal length. The zero value is
// empty. It is not safe for concurrent use.
type Series struct {
	Width time.Duration // of a slot; zero while there is none
	Slots []Slot        // by time since the run began, up to the last that is not empty
}

// Note notes an attempt, which was ok or not. One that was given up is neither.
func (s *Series) Note(due, response time.Duration, ok bool) {
	if ok {
		s.Add(due, response)
	} else {
		s.Fail(due)
	}
}

// Add notes an attempt that was ok, by when it was due since the run began. Its response
// time counts from then.
func (s *Series) Add(due, response time.Duration) {
	at := s.slot(due)
	at.OK++
	at.add(response, 1)
}

// Fail notes an attempt that was not ok.
func (s *Series) Fail(due time.Duration) { s.slot(due).Failed++ }

// Miss notes n ticks, an interval apart, at which no attempt could start. The first was
// due at first, and an attempt could start again a time late after it: that is how long
// each took at least, and so it is among the times.
func (s *Series) Miss(first time.Duration, n int64, late, interval time.Duration) {
	const most = 10_000 // entries; of more ticks, neighbours are noted as one
	together := (n + most - 1) / most
	for i := int64(0); i < n; i += together {
		k := min(together, n-i)
		at := s.slot(first + time.Duration(i)*interval)
		at.Missed += k
		at.add(max(late-time.Duration(i+k-1)*interval, 0), k)
	}
}

// Merge adds another series of the same run, whose beginning is the same.
func (s *Series) Merge(o *Series) {
	for i := range o.Slots {
		at := time.Duration(i) * o.Width
		s.slot(at)
		for s.Width < o.Width {
			s.halve()
		}
		s.slot(at).merge(&o.Slots[i])
	}
}

// Length is the time that the slots cover.
func (s *Series) Length() time.Duration { return s.Width * time.Duration(len(s.Slots)) }

// N is how many times were noted: attempts that were ok, and ticks that were missed.
func (s *Series) N() (n int64) {
	for i := range s.Slots {
		n += s.Slots[i].N()
	}
	return n
}

// slot is the one of a moment, which it makes room for.
func (s *Series) slot(at time.Duration) *Slot {
	at = max(at, 0)
	if s.Width == 0 {
		s.Width = shortest
	}
	for at/s.Width >= MaxSlots {
		s.halve()
	}
	i := int(at / s.Width)
	for len(s.Slots) <= i {
		s.Slots = append(s.Slots, Slot{})
	}
	return &s.Slots[i]
}

// halve makes slots twice as long.
func (s *Series) halve() {
	s.Width *= 2
	for i := range s.Slots {
		if i%2 == 0 {
			s.Slots[i/2] = s.Slots[i]
		} else {
			s.Slots[i/2].merge(&s.Slots[i])
		}
	}
	s.Slots = s.Slots[:(len(s.Slots)+1)/2]
}

package ping

import (
	"iter"
	"time"

	"nettool/internal/probe/tally"
)

// line puts one target's attempts back into the order of their ticks. Attempts that
// overlap may end in another order, and a series of failures has a beginning and an
// end only in the order of the ticks. line holds no more attempts than overlap.
type line struct {
	interval time.Duration
	done     int64 // ticks that are counted
	early    map[int64]event
}

// take adds an event and yields the changes of state that it brings about.
func (l *line) take(e event, t *tally.Tally) iter.Seq[*tally.Change] {
	return func(yield func(*tally.Change) bool) {
		if l.early == nil {
			l.early = map[int64]event{}
		}
		l.early[e.seq] = e
		for next, ok := l.early[l.done+1]; ok; next, ok = l.early[l.done+1] {
			delete(l.early, next.seq)
			if next.missed > 0 {
				t.Miss(next.missed, next.late, l.interval)
				l.done += next.missed
				continue
			}
			l.done++
			if change := t.Add(next.due, &next.result); change != nil && !yield(change) {
				return
			}
		}
	}
}

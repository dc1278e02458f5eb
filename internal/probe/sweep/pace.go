package sweep

import (
	"math"
	"sync"
	"time"
)

// pace spreads attempts in time. What a stall has delayed is not made up for in one
// go.
type pace struct {
	gap time.Duration // between attempts; zero is none

	mu   sync.Mutex
	next time.Time // when the next attempt may start
}

// lag is how far behind attempts may be and still be made up for: a timer is late now
// and then.
const lag = 10 * time.Millisecond

func newPace(rate float64) *pace {
	if rate <= 0 {
		return &pace{}
	}
	return &pace{gap: time.Duration(min(float64(time.Second)/rate, float64(math.MaxInt64/2)))}
}

// due is when the caller's attempt may start.
func (p *pace) due(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.Before(now.Add(-lag)) {
		p.next = now
	}
	due := p.next
	p.next = due.Add(p.gap)
	return due
}

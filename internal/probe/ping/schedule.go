package ping

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// schedule starts one target's attempts.
type schedule struct {
	config  *Config
	to      socket.Addr
	number  int
	start   time.Time
	events  chan<- event
	running sync.WaitGroup
	open    atomic.Int64
	known   atomic.Pointer[[]netip.AddrPort] // what the name resolved to, while attempts are ok
	behind  event                            // the ticks that were missed since an attempt started
}

// run keeps the schedule: tick n is due at start + (n-1)·interval, however late
// the one before was.
func (s *schedule) run(ctx context.Context) {
	defer s.running.Wait()
	defer s.caughtUp()
	c := s.config
	for seq := int64(1); c.Count <= 0 || seq <= c.Count; seq++ {
		offset := time.Duration(seq-1) * c.Interval
		if c.Duration > 0 && offset >= c.Duration {
			return
		}
		due := s.start.Add(offset)
		if !s.sleepUntil(ctx, due) {
			return
		}
		if late := int64(time.Since(due) / c.Interval); late > 0 {
			late = s.fit(seq, late)
			s.miss(seq, due, late)
			seq += late - 1
			continue
		}
		if s.open.Load() >= int64(c.Overlap) {
			s.miss(seq, due, 1)
			continue
		}
		s.caughtUp()
		s.open.Add(1)
		s.running.Go(func() { s.attempt(ctx, seq, due) })
	}
}

// miss notes n ticks at which no attempt could start, from seq on, which was due at a
// time.
func (s *schedule) miss(seq int64, due time.Time, n int64) {
	if s.behind.missed == 0 {
		s.behind = event{target: s.number, seq: seq, due: due}
	}
	s.behind.missed += n
}

// caughtUp tells of the ticks that were missed, now that an attempt can start or none
// will: at least so late is what they would have shown.
func (s *schedule) caughtUp() {
	if s.behind.missed == 0 {
		return
	}
	s.behind.late = time.Since(s.behind.due)
	s.events <- s.behind
	s.behind = event{}
}

// slack is how much earlier a schedule wakes up, to be there exactly.
const slack = 1200 * time.Microsecond

// sleepUntil waits for a tick. Being exact takes a thread for a moment, which
// only few schedules at once are given.
func (s *schedule) sleepUntil(ctx context.Context, due time.Time) bool {
	if !s.config.exact {
		return clock.Sleep(ctx, time.Until(due))
	}
	if !clock.Sleep(ctx, time.Until(due)-slack) {
		return false
	}
	exact(due)
	return true
}

// fit is how many of the late ticks from seq on are within the schedule.
func (s *schedule) fit(seq, late int64) int64 {
	if c := s.config.Count; c > 0 {
		late = min(late, c-seq+1)
	}
	if d := s.config.Duration; d > 0 {
		ticks := int64((d + s.config.Interval - 1) / s.config.Interval)
		late = min(late, ticks-seq+1)
	}
	return max(late, 1)
}

// attempt makes one attempt. A name is looked up again only after a failure, so
// that a fast schedule is no load for the resolver.
func (s *schedule) attempt(ctx context.Context, seq int64, due time.Time) {
	var candidates []netip.AddrPort
	if known := s.known.Load(); known != nil {
		candidates = *known
	}
	r := s.config.slots.Try(ctx, &s.config.Spec, s.to, candidates)
	s.remember(&r)
	s.open.Add(-1)
	s.events <- event{target: s.number, seq: seq, due: due, result: r}
}

func (s *schedule) remember(r *attempt.Result) {
	at := r.Peer()
	if !r.OK() || !at.IsValid() {
		s.known.Store(nil)
		return
	}
	if s.known.Load() == nil {
		s.known.Store(&[]netip.AddrPort{at})
	}
}

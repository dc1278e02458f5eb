package admit

import (
	"encoding/binary"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// sourceKey is an address cut to its source prefix, IPv4 in its mapped form.
type sourceKey struct{ high, low uint64 }

// source is what is known of one source. It is remembered while it has
// connections, and after that until its bucket is full again.
type source struct {
	key      sourceKey
	live     int
	limiter  *rate.Limiter // nil: no limit
	idleFrom time.Time     // when the last connection left
	prev     *source       // neighbours in the list of idle sources
	next     *source
}

// sourceTable holds the sources by key, and the idle ones in the order in which
// they became so. Sources that were forgotten are used again.
type sourceTable struct {
	byKey    map[sourceKey]*source
	masks    [2]sourceKey // of IPv4 and IPv6
	limit    Limit
	maxIdle  int
	idle     source // head of a ring: next is the oldest, prev the latest
	idleSize int
	spares   *source // linked by next
}

func (t *sourceTable) init(p SourcePrefix, limit Limit) {
	v4, v6 := p.bits()
	t.byKey = make(map[sourceKey]*source)
	t.masks = [2]sourceKey{maskOf(96 + v4), maskOf(v6)}
	t.limit = limit
	t.maxIdle = maxIdleSources
	t.idle.next, t.idle.prev = &t.idle, &t.idle
}

// maskOf has the first bits set.
func maskOf(bits int) sourceKey {
	high, low := min(bits, 64), max(bits-64, 0)
	return sourceKey{^uint64(0) << (64 - high), ^uint64(0) << (64 - low)}
}

// key is the source of an address; known is false for the zero Addr.
func (t *sourceTable) key(src netip.Addr) (key sourceKey, known bool) {
	if !src.IsValid() {
		return sourceKey{}, false
	}
	bytes, mask := src.As16(), t.masks[1]
	if src.Is4() || src.Is4In6() {
		mask = t.masks[0]
	}
	return sourceKey{
		binary.BigEndian.Uint64(bytes[:8]) & mask.high,
		binary.BigEndian.Uint64(bytes[8:]) & mask.low,
	}, true
}

// refuse reports whether the source is at one of its limits, and changes nothing.
func (t *sourceTable) refuse(key sourceKey, known bool, perSource int, now time.Time) Cause {
	if !known {
		return None
	}
	s := t.byKey[key]
	switch {
	case s == nil:
		return None
	case perSource > 0 && s.live >= perSource:
		return PerSource
	case !spare(s.limiter, now):
		return SourceRate
	default:
		return None
	}
}

// enter counts one more connection of a source.
func (t *sourceTable) enter(key sourceKey, now time.Time) *source {
	s := t.byKey[key]
	switch {
	case s == nil:
		s = t.remember(key, now)
	case s.live == 0:
		t.unlink(s)
	}
	s.live++
	take(s.limiter, now)
	return s
}

// leave counts one connection less. A source with none left is forgotten, at once if
// its bucket is full and otherwise when time or lack of room has come.
func (t *sourceTable) leave(s *source, now time.Time) {
	s.live--
	if s.live > 0 {
		return
	}
	if s.limiter == nil {
		t.forget(s)
		return
	}
	s.idleFrom = now
	s.prev, s.next = t.idle.prev, &t.idle
	s.prev.next, s.next.prev = s, s
	t.idleSize++
	t.expire(now)
}

// expire forgets the idle sources whose buckets are full again, and the oldest ones if
// there are too many: two at most each time, so that no connection pays for
// many, and one more than can have come.
func (t *sourceTable) expire(now time.Time) {
	for range 2 {
		oldest := t.idle.next
		if oldest == &t.idle || (t.idleSize <= t.maxIdle && now.Sub(oldest.idleFrom) < t.limit.Per) {
			return
		}
		t.unlink(oldest)
		t.forget(oldest)
	}
}

func (t *sourceTable) unlink(s *source) {
	s.prev.next, s.next.prev = s.next, s.prev
	s.prev, s.next = nil, nil
	t.idleSize--
}

func (t *sourceTable) forget(s *source) {
	delete(t.byKey, s.key)
	s.next, t.spares = t.spares, s
}

// remember makes an entry for a new source, with a full bucket.
func (t *sourceTable) remember(key sourceKey, now time.Time) *source {
	s := t.spares
	if s == nil {
		s = &source{}
	} else {
		t.spares, s.next = s.next, nil
	}
	s.key = key
	if t.limit.on() && (s.limiter == nil || s.limiter.TokensAt(now) < float64(s.limiter.Burst())) {
		s.limiter = t.limit.limiter()
	}
	t.byKey[key] = s
	return s
}

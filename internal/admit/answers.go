package admit

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// Answers bounds what is sent to addresses that may be forged: who asks a small service
// in another's name has it send that other its answers. The zero Limits are none; a nil
// Answers bounds nothing. Its methods are not for several goroutines.
type Answers struct {
	all     *rate.Limiter
	sources sourceTable
	free    []CIDR
}

// NewAnswers bounds the answers to all sources together and to each one, but for those in
// free and for this machine's own.
func NewAnswers(all, each Limit, prefix SourcePrefix, free []CIDR) *Answers {
	a := &Answers{all: all.limiter(), free: free}
	a.sources.init(prefix, each)
	return a
}

// Free reports whether an address may be answered as often as it asks.
func (a *Answers) Free(ip netip.Addr) bool {
	if a == nil || ip.IsLoopback() {
		return true
	}
	for _, c := range a.free {
		if c.Contains(ip) {
			return true
		}
	}
	return false
}

// Take reports whether an address may be sent one answer more, and counts it.
func (a *Answers) Take(ip netip.Addr, now time.Time) bool {
	key, known := a.sources.key(ip)
	if a.sources.refuse(key, known, 0, now) != None || !spare(a.all, now) {
		return false
	}
	take(a.all, now)
	if known {
		a.sources.leave(a.sources.enter(key, now), now)
	}
	return true
}

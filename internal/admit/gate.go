// Package admit decides who may come in, how many, and how fast, before a
// process is spent on a connection. It is pure logic: no socket, no clock.
package admit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Cause says why a connection was turned away; None means that it was not.
type Cause string

// The causes, in the words of the log.
const (
	None       Cause = ""
	Deny       Cause = "deny"        // a rule
	PerSource  Cause = "per_source"  // its source has as many connections as it may
	SourceRate Cause = "source_rate" // its source opens them too fast
	Rate       Cause = "rate"        // all sources together open them too fast
	Full       Cause = "full"        // every slot is taken
	Resources  Cause = "resources"   // never said here: the caller is out of descriptors, memory or processes
	Proxy      Cause = "proxy"       // nor this: who must send a PROXY header has sent none, and who must not be there
	Backend    Cause = "backend"     // nor this: no backend could be reached
	Port       Cause = "port"        // nor this: a datagram comes from a port whose service would answer the answer
	BadRules   Cause = "rules"       // nor this: the rules, or what they would go by, cannot be read
	Banner     Cause = "banner"      // nor this: a connection does not take its first words
	AnswerRate Cause = "answer_rate" // nor this: a datagram gets no answer, of which its source has had as many as it may
)

const (
	defaultMaxConns = 1024
	// maxIdleSources bounds what is remembered of sources that have no connection
	// now but used up part of their rate.
	maxIdleSources = 32768
)

// Config says what a Gate admits. The zero Config admits everybody, 1024 at a
// time. Zero is the default, negative is off.
type Config struct {
	MaxConns   int          // connections at once, default 1024
	PerSource  int          // connections at once from one source, default no limit
	Prefix     SourcePrefix // what counts as one source
	Rate       Limit        // new connections of all sources, default no limit
	SourceRate Limit        // new connections of one source, default no limit
	Rules      *Rules       // nil admits every address
}

// Gate counts connections and decides about new ones. Its methods may be called
// from any goroutine; each takes well under a microsecond.
type Gate struct {
	rules     atomic.Pointer[Rules]
	max       int // 0: no limit
	perSource int // 0: no limit

	mu      sync.Mutex
	limiter *rate.Limiter // nil: no limit
	sources sourceTable
	slots   []slot
	free    []uint32
	live    int
}

// slot is the place of one connection. The generation tells its present ticket
// from earlier ones.
type slot struct {
	generation uint32
	source     *source // nil if the connection has no source
}

// Ticket stands for one connection that was let in. It is given back with Leave
// when the connection ends.
type Ticket struct {
	ConnNum int      // connections of this source now, counting this one; 0 if the source has no address
	Env     []string // NAME=VALUE of the rule that let it in; shared, not to be changed

	slot       uint32
	generation uint32 // 0 is no ticket at all
}

// New returns a gate with nobody inside.
func New(c Config) *Gate {
	g := &Gate{max: c.MaxConns, perSource: max(c.PerSource, 0), limiter: c.Rate.limiter()}
	if g.max == 0 {
		g.max = defaultMaxConns
	}
	g.max = max(g.max, 0)
	g.sources.init(c.Prefix, c.SourceRate)
	g.rules.Store(c.Rules)
	return g
}

// SetRules changes the rules for connections to come.
func (g *Gate) SetRules(r *Rules) { g.rules.Store(r) }

// Allows reports whether the rules admit connections from src.
func (g *Gate) Allows(src netip.Addr) bool {
	allowed, _ := g.rules.Load().Lookup(src)
	return allowed
}

// Enter asks for a connection from src to be let in. src is the zero Addr for a peer
// without an address, a unix socket's or one that a PROXY header will name (see
// Identify): rules and limits per source do not apply to it. What is refused
// uses up neither slot nor rate. Unless the cause is None, there is no ticket.
func (g *Gate) Enter(src netip.Addr, now time.Time) (Ticket, Cause) {
	allowed, env := g.rules.Load().Lookup(src)
	if !allowed {
		return Ticket{}, Deny
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key, known := g.sources.key(src)
	if cause := g.sources.refuse(key, known, g.perSource, now); cause != None {
		return Ticket{}, cause
	}
	switch {
	case !spare(g.limiter, now):
		return Ticket{}, Rate
	case g.full():
		return Ticket{}, Full
	}
	take(g.limiter, now)
	t := g.open()
	t.Env = env
	if known {
		t.ConnNum = g.seat(t.slot, key, now)
	}
	return t, None
}

// Identify gives a connection that entered without a source its real one, and
// returns the ticket that replaces t. If src may not come in, or t is not valid
// any more, the cause says so and t is still to be given back.
func (g *Gate) Identify(t Ticket, src netip.Addr, now time.Time) (Ticket, Cause) {
	allowed, env := g.rules.Load().Lookup(src)
	if !allowed {
		return t, Deny
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.valid(t) || g.slots[t.slot].source != nil {
		return t, Deny
	}
	key, known := g.sources.key(src)
	if cause := g.sources.refuse(key, known, g.perSource, now); cause != None {
		return t, cause
	}
	t.Env = env
	if known {
		t.ConnNum = g.seat(t.slot, key, now)
	}
	return t, None
}

// Leave gives a ticket back. It returns false, and does nothing, for a ticket that was
// given back before and for the zero Ticket. now is when the connection ended.
func (g *Gate) Leave(t Ticket, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.valid(t) {
		return false
	}
	s := &g.slots[t.slot]
	if s.source != nil {
		g.sources.leave(s.source, now)
		s.source = nil
	}
	if s.generation++; s.generation == 0 {
		s.generation = 1
	}
	g.free = append(g.free, t.slot)
	g.live--
	return true
}

// Full reports whether every slot is taken.
func (g *Gate) Full() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.full()
}

// Live is the number of connections inside.
func (g *Gate) Live() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.live
}

// Limit is the number of slots, 0 if there is no limit.
func (g *Gate) Limit() int { return g.max }

// Sources is the number of sources that are remembered, for metrics.
func (g *Gate) Sources() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sources.byKey)
}

func (g *Gate) full() bool { return g.max > 0 && g.live >= g.max }

func (g *Gate) valid(t Ticket) bool {
	return int(t.slot) < len(g.slots) && t.generation != 0 && g.slots[t.slot].generation == t.generation
}

// open takes a free slot, or a new one: there are as many slots as there ever
// were connections at once.
func (g *Gate) open() Ticket {
	g.live++
	if n := len(g.free); n > 0 {
		index := g.free[n-1]
		g.free = g.free[:n-1]
		return Ticket{slot: index, generation: g.slots[index].generation}
	}
	g.slots = append(g.slots, slot{generation: 1})
	return Ticket{slot: uint32(len(g.slots) - 1), generation: 1}
}

// seat counts the connection in a slot for its source.
func (g *Gate) seat(slot uint32, key sourceKey, now time.Time) int {
	s := g.sources.enter(key, now)
	g.slots[slot].source = s
	return s.live
}

package attempt

import (
	"context"
	"net/netip"

	"nettool/internal/socket"
)

// Slots bound how many attempts are under way at once. Who waits for one gets it in
// turn, so that a target among very many is asked, too. Nil is no bound.
type Slots chan struct{}

// NewSlots is for as many attempts as there is room for this number of connections:
// half of it, because looking up a name takes descriptors, too.
func NewSlots(room int) Slots { return make(Slots, max(room/2, 1)) }

// Lookup is Spec.Lookup once a slot is free. If ctx ends before that, the result is
// Cancelled.
func (s Slots) Lookup(ctx context.Context, spec *Spec, to socket.Addr) (candidates []netip.AddrPort, r Result) {
	select {
	case s <- struct{}{}:
		defer func() { <-s }()
		return spec.Lookup(ctx, to)
	case <-ctx.Done():
		r = begin(to)
		r.Outcome = Cancelled
		return nil, r
	}
}

// Try is Spec.Try once a slot is free. If ctx ends before that, the attempt is
// Cancelled.
func (s Slots) Try(ctx context.Context, spec *Spec, to socket.Addr, candidates []netip.AddrPort) Result {
	if s == nil {
		return spec.Try(ctx, to, candidates)
	}
	select {
	case s <- struct{}{}:
		defer func() { <-s }()
		return spec.Try(ctx, to, candidates)
	case <-ctx.Done():
		r := begin(to)
		r.Outcome = Cancelled
		return r
	}
}

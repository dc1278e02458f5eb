package sweep

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
)

// Hosts are the targets of a sweep. The zero value is empty. There may be very many:
// an IP with a single port takes some fifty bytes.
type Hosts struct {
	all   []host
	named map[place][]int // the hosts that have to be looked up
	found atomic.Int64    // of named
}

// host is one target.
type host struct {
	address string // of its only port, as target.Parse reads it
	more    *more  // nil if the address is all there is to say
}

// more is a target with several ports, or one that has to be looked up.
type more struct {
	target target.Target
	ports  []uint16         // ascending, if there are several
	at     []netip.AddrPort // where it was found, with any port
	lost   bool             // it was not found
}

// place is what the resolver is asked for.
type place struct{ network, name string }

// Add adds a TCP target. The error is that of a port that is no known service.
func (h *Hosts) Add(t target.Target) error {
	numbered, err := t.Addr.WithNumber(context.Background())
	if err != nil {
		return err
	}
	isKnown := known(t.Addr)
	switch {
	case t.Ports != nil:
		h.all = append(h.all, host{more: &more{target: t, ports: t.PortNumbers()}})
	case isKnown:
		h.all = append(h.all, host{address: numbered.String()})
	default:
		h.all = append(h.all, host{address: numbered.String(), more: &more{target: t}})
	}
	if isKnown {
		return nil
	}
	if h.named == nil {
		h.named = map[place][]int{}
	}
	at := place{t.Addr.Network, t.Addr.Host}
	h.named[at] = append(h.named[at], len(h.all)-1)
	return nil
}

// known reports whether where an address is need not be looked up.
func known(a socket.Addr) bool {
	if ip, err := netip.ParseAddr(a.Host); !a.At.IsValid() && a.Host != "" && (err != nil || ip.Zone() != "") {
		return false
	}
	_, err := a.Resolve(context.Background())
	return err == nil // or it is not of the family that is asked for, which is a result
}

// maxLookups bounds the names that are looked up at once.
const maxLookups = 128

// Find looks the names up, many at once, each once and within an attempt's timeout. A
// host that is not found is not swept: the results of its first ports come from the
// channel, which is to be read to its end.
func (h *Hosts) Find(ctx context.Context, spec *attempt.Spec) <-chan Found {
	names, lost := make(chan []int), make(chan Found)
	var workers sync.WaitGroup
	for range min(len(h.named), maxLookups, max(attempt.Room()/4, 1)) { // a lookup may take several descriptors
		workers.Go(func() { h.lookUp(ctx, spec, names, lost) })
	}
	go func() {
		for _, hosts := range h.named {
			names <- hosts
		}
		close(names)
		workers.Wait()
		close(lost)
	}()
	return lost
}

// lookUp looks names up, each for all the hosts that have it.
func (h *Hosts) lookUp(ctx context.Context, spec *attempt.Spec, names <-chan []int, lost chan<- Found) {
	for hosts := range names {
		at, r := spec.Lookup(ctx, h.all[hosts[0]].with(h.all[hosts[0]].port(0)))
		h.found.Add(1)
		for _, i := range hosts {
			to := &h.all[i]
			to.more.at, to.more.lost = at, !r.OK()
			if !r.OK() {
				r.Target = to.with(to.port(0))
				lost <- Found{Host: i, Port: to.port(0), Result: r}
			}
		}
	}
}

// Spread makes a host of each address of those that were found by their names.
func (h *Hosts) Spread() {
	all := make([]host, 0, len(h.all))
	for _, one := range h.all {
		if one.more == nil || len(one.more.at) < 2 {
			all = append(all, one)
			continue
		}
		for i, t := range one.more.target.Each(one.more.at) {
			all = append(all, host{one.address, &more{target: t, ports: one.more.ports, at: one.more.at[i : i+1]}})
		}
	}
	h.all = all
}

// Names is how many names have been looked up, and how many there are.
func (h *Hosts) Names() (done, all int) { return int(h.found.Load()), len(h.named) }

// ports is how many ports of the host are to be asked.
func (h *host) ports() int {
	switch {
	case h.more == nil:
		return 1
	case h.more.lost:
		return 0
	}
	return max(len(h.more.ports), 1)
}

// port is the n-th port, from 0.
func (h *host) port(n int) uint16 {
	if h.more != nil && h.more.ports != nil {
		return h.more.ports[n]
	}
	port, _ := strconv.Atoi(h.address[strings.LastIndexByte(h.address, ':')+1:]) // Add wrote it
	return uint16(port)
}

// with is the address of one of the ports.
func (h *host) with(port uint16) socket.Addr {
	if h.more != nil {
		return h.more.target.With(port)
	}
	t, _ := target.Parse(h.address) // it was an address when Add wrote it
	return t.Addr
}

// candidates is where a port is; nil is for the attempt to find out.
func (h *host) candidates(port uint16) []netip.AddrPort {
	if h.more == nil {
		return nil
	}
	at := slices.Clone(h.more.at)
	for i, c := range at {
		at[i] = netip.AddrPortFrom(c.Addr(), port)
	}
	return at
}

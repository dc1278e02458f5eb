package admit

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Rules say for each address whether it may come in, and with which environment.
// The rule with the longest prefix decides. nil Rules admit every address. Rules
// do not change once made.
type Rules struct {
	tables   [2]table // of IPv4 and IPv6
	fallback rule
}

// rule is what to do with the addresses of one prefix.
type rule struct {
	allow    bool
	fromFile bool
	env      []string
}

// Lookup reports whether ip may come in, and what the rule adds to the environment;
// env is shared and not to be changed. An IPv4-mapped address is looked up as
// IPv4. The zero Addr, a peer without an address, is always let in.
func (r *Rules) Lookup(ip netip.Addr) (allowed bool, env []string) {
	if r == nil || !ip.IsValid() {
		return true, nil
	}
	found := r.tables[familyOf(ip)].lookup(pointOf(ip))
	if found == nil {
		found = &r.fallback
	}
	return found.allow, found.env
}

// familyOf is the index of an address's table.
func familyOf(ip netip.Addr) int {
	if ip.Is4() || ip.Is4In6() {
		return 0
	}
	return 1
}

// point is an address as a number, IPv4 in its mapped form.
type point struct{ high, low uint64 }

func pointOf(ip netip.Addr) point {
	bytes := ip.As16()
	return point{binary.BigEndian.Uint64(bytes[:8]), binary.BigEndian.Uint64(bytes[8:])}
}

func (p point) less(q point) bool {
	return p.high < q.high || (p.high == q.high && p.low < q.low)
}

func (p point) next() point {
	p.low++
	if p.low == 0 {
		p.high++
	}
	return p
}

// table cuts the addresses of one family into ranges, each with the rule of its
// longest prefix, nil where there is none. starts is sorted.
type table struct {
	starts []point
	rules  []*rule
}

func (t *table) lookup(p point) *rule {
	low, high := 0, len(t.starts)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if p.less(t.starts[middle]) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if low == 0 {
		return nil
	}
	return t.rules[low-1]
}

// cut makes p the start of a range with a rule. Cuts come in ascending order.
func (t *table) cut(p point, r *rule) {
	if n := len(t.starts); n > 0 && t.starts[n-1] == p {
		t.rules[n-1] = r
		return
	}
	t.starts = append(t.starts, p)
	t.rules = append(t.rules, r)
}

// builder collects the rules of both families by prefix.
type builder struct {
	byPrefix [2]map[netip.Prefix]*rule
	fallback *rule
	anyAllow bool // --allow was given: what no rule names is denied
}

func newBuilder() *builder {
	return &builder{byPrefix: [2]map[netip.Prefix]*rule{{}, {}}}
}

// add gives a prefix a rule. Of two rules for the same prefix the first of a file
// wins; otherwise the one that denies; otherwise the file's, for its
// environment.
func (b *builder) add(p netip.Prefix, r *rule) {
	family := b.byPrefix[familyOf(p.Addr())]
	family[p] = stronger(family[p], r)
}

func stronger(old, r *rule) *rule {
	switch {
	case old == nil:
		return r
	case old.fromFile && r.fromFile:
		return old
	case old.allow != r.allow:
		if old.allow {
			return r
		}
		return old
	case r.fromFile:
		return r
	default:
		return old
	}
}

func (b *builder) build() *Rules {
	r := &Rules{fallback: rule{allow: !b.anyAllow}}
	if b.fallback != nil {
		r.fallback = *b.fallback
	}
	for family, byPrefix := range b.byPrefix {
		r.tables[family] = tableOf(byPrefix)
	}
	return r
}

// block is a prefix as a range of addresses.
type block struct {
	first, last point
	rule        *rule
}

func blockOf(p netip.Prefix, r *rule) block {
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	mask, first := maskOf(bits), pointOf(p.Addr())
	return block{first, point{first.high | ^mask.high, first.low | ^mask.low}, r}
}

// tableOf sweeps over the blocks in ascending order, outer before inner. Any two
// are nested or apart, so those that are open form a stack.
func tableOf(byPrefix map[netip.Prefix]*rule) table {
	var t table
	var open []block
	closeOne := func() {
		done := open[len(open)-1]
		open = open[:len(open)-1]
		after := done.last.next()
		if after == (point{}) {
			return // the last address there is
		}
		var outer *rule
		if len(open) > 0 {
			outer = open[len(open)-1].rule
		}
		t.cut(after, outer)
	}
	for _, b := range sorted(byPrefix) {
		for len(open) > 0 && open[len(open)-1].last.less(b.first) {
			closeOne()
		}
		open = append(open, b)
		t.cut(b.first, b.rule)
	}
	for len(open) > 0 {
		closeOne()
	}
	return t
}

// sorted has the blocks by first address, the larger before the smaller.
func sorted(byPrefix map[netip.Prefix]*rule) []block {
	blocks := make([]block, 0, len(byPrefix))
	for p, r := range byPrefix {
		blocks = append(blocks, blockOf(p, r))
	}
	slices.SortFunc(blocks, func(a, b block) int {
		switch {
		case a.first != b.first:
			return order(a.first, b.first)
		default:
			return order(b.last, a.last)
		}
	})
	return blocks
}

func order(p, q point) int {
	switch {
	case p.less(q):
		return -1
	case q.less(p):
		return 1
	default:
		return 0
	}
}

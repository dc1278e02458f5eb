package talk

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"nettool/internal/server/loop"
)

// model is the table as plainly as can be.
type model []*Talk

func (m model) find(e loop.Envelope) *Talk {
	for _, k := range m {
		if k.envelope == e {
			return k
		}
	}
	return nil
}

// FuzzTable holds the table against the model, whatever comes in which order: each three
// bytes are a step, whose envelope is one of a few.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 2, 1, 1, 1, 5, 3, 0, 90, 2, 1, 0})
	f.Add([]byte{0, 1, 0, 3, 0, 200, 3, 0, 200, 0, 1, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		const idle, oldest = 40, 100
		table, all := newTable(), model{}
		now := time.Duration(1)
		for ; len(steps) >= 3; steps = steps[3:] {
			now += time.Duration(steps[2] % 64)
			e := loop.Envelope{Peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, steps[1] % 4}), uint16(steps[1])), Index: uint32(steps[1] % 2)}
			k := all.find(e)
			if got := table.find(e); got != k {
				t.Fatalf("found %v, want %v", got, k)
			}
			switch steps[0] % 4 {
			case 0:
				if k == nil {
					k = &Talk{envelope: e}
					table.add(k, now)
					all = append(all, k)
				}
			case 1:
				if k != nil {
					table.touch(k, now)
				}
			case 2:
				if k != nil {
					table.remove(k)
					table.remove(k) // once more is none
					all = slices.DeleteFunc(all, func(other *Talk) bool { return other == k })
				}
			case 3:
				checkOverdue(t, table, all, now, idle, oldest)
			}
			if table.size() != len(all) || table.byAge.Len() != len(all) || table.byRest.Len() != len(all) {
				t.Fatalf("%d, %d, %d, want %d", table.size(), table.byAge.Len(), table.byRest.Len(), len(all))
			}
		}
	})
}

// checkOverdue holds what is overdue, and when something will be, against the model.
func checkOverdue(t *testing.T, table *table, all model, now, idle, oldest time.Duration) {
	k, rested, next := table.overdue(now, idle, oldest)
	var first time.Duration
	late := func(k *Talk) bool { return k.born+oldest <= now || k.last+idle <= now }
	for _, k := range all {
		at := min(k.born+oldest, k.last+idle)
		if first == 0 || at < first {
			first = at
		}
	}
	switch {
	case k == nil && slices.ContainsFunc(all, late):
		t.Fatal("one is overdue, and was not found")
	case k == nil && next != first:
		t.Fatalf("the next at %d, want %d", next, first)
	case k != nil && !late(k), k != nil && rested != (k.born+oldest > now):
		t.Fatalf("at %d, of %d and %d: rested %v", now, k.born, k.last, rested)
	}
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	table := newTable()
	table.add(&Talk{}, 1)
	if k, _, next := table.overdue(time.Hour, 0, -1); k != nil || next != 0 {
		t.Errorf("%v, %v", k, next)
	}
}

package handoff

import (
	"math"
	"testing"
)

// TestReached: what a child says leads to an address that it was given, or nowhere.
func TestReached(t *testing.T) {
	t.Parallel()
	routes := []Route{{Backend: 7, Addrs: []string{"a", "b"}}, {Backend: 3}, {Backend: 5, Addrs: []string{"c"}}}
	for _, c := range []struct {
		reached Reached
		backend int
		addr    string
	}{
		{ReachedAt(0, 0), 7, "a"},
		{ReachedAt(0, 1), 7, "b"},
		{ReachedAt(2, 0), 5, "c"},
	} {
		if backend, addr, ok := c.reached.In(routes); !ok || backend != c.backend || addr != c.addr {
			t.Errorf("%d: %d %q %v, want %d %q", c.reached, backend, addr, ok, c.backend, c.addr)
		}
	}
	for _, r := range []Reached{0, ReachedAt(0, 2), ReachedAt(1, 0), ReachedAt(2, 1), ReachedAt(3, 0), math.MaxUint32} {
		if backend, addr, ok := r.In(routes); ok || backend != 0 || addr != "" {
			t.Errorf("%d: %d %q, want nothing", r, backend, addr)
		}
	}
}

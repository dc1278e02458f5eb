package names

import (
	"net/netip"
	"testing"
	"time"

	"nettool/internal/handoff"
)

func TestCache(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	c := newCache(func() time.Time { return now })
	one, other := question{ip: netip.MustParseAddr("192.0.2.1")}, question{ip: netip.MustParseAddr("192.0.2.1"), paranoid: true}
	c.add(one, handoff.Word{Text: "one", Known: true}, true)
	c.add(other, handoff.Word{}, false)
	if word, found := c.find(one); !found || word.Text != "one" {
		t.Errorf("%v, %v", word, found)
	}
	if word, found := c.find(other); !found || word.Known {
		t.Errorf("%v, %v", word, found)
	}
	now = now.Add(stale + 1)
	if _, found := c.find(other); found {
		t.Error("that nobody could be asked counts for too long")
	}
	now = now.Add(fresh)
	if _, found := c.find(one); found {
		t.Error("a name counts for too long")
	}
}

// TestCacheBounded: of very many addresses those that were asked for last are known.
func TestCacheBounded(t *testing.T) {
	t.Parallel()
	c := newCache(time.Now)
	ip := netip.MustParseAddr("10.0.0.0")
	first := question{ip: ip}
	c.add(first, handoff.Word{Text: "first", Known: true}, true)
	for range 2 * mostKnown {
		ip = ip.Next()
		c.add(question{ip: ip}, handoff.Word{}, true)
		c.find(first)
	}
	if len(c.by) != mostKnown || c.order.Len() != mostKnown {
		t.Errorf("%d and %d are known", len(c.by), c.order.Len())
	}
	if _, found := c.find(first); !found {
		t.Error("what is asked for again and again is forgotten")
	}
}

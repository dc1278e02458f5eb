package admit

import (
	"net/netip"
	"testing"
	"time"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	var free CIDR
	if err := free.UnmarshalText([]byte("198.51.100.0/24")); err != nil {
		t.Fatal(err)
	}
	a := NewAnswers(Limit{5, time.Second}, Limit{2, time.Second}, SourcePrefix{}, []CIDR{free})
	for _, ip := range []string{"127.0.0.1", "127.9.9.9", "::1", "198.51.100.7"} {
		if !a.Free(netip.MustParseAddr(ip)) {
			t.Errorf("%s is not free", ip)
		}
	}
	now := time.Unix(1000, 0)
	take := func(ip string, want ...bool) {
		t.Helper()
		for i, want := range want {
			if got := a.Take(netip.MustParseAddr(ip), now); got != want {
				t.Errorf("%s, answer %d: %v", ip, i+1, got)
			}
		}
	}
	if a.Free(netip.MustParseAddr("192.0.2.1")) {
		t.Error("192.0.2.1 is free")
	}
	take("192.0.2.1", true, true, false)
	take("2001:db8::1", true)
	take("2001:db8::2", true, false) // the same source
	take("192.0.2.2", true)
	take("192.0.2.3", false) // all together
	now = now.Add(time.Second)
	take("192.0.2.1", true, true, false)
	take("192.0.2.3", true)

	if none := (*Answers)(nil); !none.Free(netip.MustParseAddr("192.0.2.1")) {
		t.Error("there is a limit that was not given")
	}
}

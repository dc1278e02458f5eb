package admit

import (
	"net/netip"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	var senders []Sender
	for _, text := range []string{"10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "fe80::/10"} {
		var s Sender
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		senders = append(senders, s)
	}
	for ip, want := range map[string]int{"10.9.9.9": 8, "10.1.2.3": 32, "192.0.2.1": -1, "2001:db8::1": 32, "2001:db9::1": -1, "fe80::1%eth0": 10} {
		if got := Match(senders, netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %d, want %d", ip, got, want)
		}
	}
	if got := Match(senders, netip.Addr{}); got != -1 {
		t.Errorf("a unix client: %d", got)
	}
	var unix Sender
	if err := unix.UnmarshalText([]byte("unix")); err != nil || !unix.Unix {
		t.Error(unix, err)
	}
	senders = append(senders, unix)
	if got := Match(senders, netip.Addr{}); got != 0 {
		t.Errorf("a unix client that is named: %d", got)
	}
	if got := Match([]Sender{unix}, netip.MustParseAddr("10.1.2.3")); got != -1 {
		t.Errorf("an address, where only unix is named: %d", got)
	}
	if err := unix.UnmarshalText([]byte("10.0.0.1/8")); err == nil || !strings.Contains(err.Error(), "bits beyond its length") {
		t.Error(err)
	}
}

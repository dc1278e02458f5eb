package socket

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestListenEveryInterface connects by the families that an address is for. That
// it does not take the others is asked of the socket: their port may be anybody's.
func TestListenEveryInterface(t *testing.T) {
	t.Parallel()
	for text, families := range map[string][]string{
		":0": {"tcp4", "tcp6"}, "*:0": {"tcp4", "tcp6"}, "tcp4::0": {"tcp4"}, "tcp6::0": {"tcp6"},
	} {
		listeners := mustListen(t, text, Options{})
		if len(listeners) != 1 || !listeners[0].Addr().(*net.TCPAddr).IP.IsUnspecified() {
			t.Fatalf("%s: %d listeners, first %v", text, len(listeners), listeners[0].Addr())
		}
		if got := familiesOf(t, listeners[0]); !slices.Equal(got, families) {
			t.Errorf("%s: takes %v, want %v", text, got, families)
		}
		for _, family := range families {
			host := map[string]string{"tcp4": "127.0.0.1", "tcp6": "::1"}[family]
			conn, err := net.Dial(family, net.JoinHostPort(host, fmt.Sprint(portOf(listeners[0].Addr()))))
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			conn.Close()
		}
	}
}

// familiesOf are the families that a listener takes connections of (ipv6(7),
// IPV6_V6ONLY).
func familiesOf(t *testing.T, l net.Listener) []string {
	t.Helper()
	fd := fdOf(t, l)
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		t.Fatal(err)
	}
	if domain == unix.AF_INET {
		return []string{"tcp4"}
	}
	only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
	if err != nil {
		t.Fatal(err)
	}
	if only != 0 {
		return []string{"tcp6"}
	}
	return []string{"tcp4", "tcp6"}
}

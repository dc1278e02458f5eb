package ucspi

import (
	"net/netip"
	"slices"
	"testing"
)

func TestWithout(t *testing.T) {
	environ := []string{
		"HOME=/", "PROTO=SSL", "TCPREMOTEINFO=me", "TCPREMOTEHOST=", "TCPLOCALIP=1", "TCPCONNNUM=3",
		"UNIXREMOTEEUID=0", "NETTOOL_CONN_ID=5", "PROTOCOL=x", "TCP=x", "=",
	}
	before := slices.Clone(environ)
	if got := Without(environ); !slices.Equal(got, []string{"HOME=/", "PROTOCOL=x", "TCP=x", "="}) {
		t.Errorf("left: %q", got)
	}
	if !slices.Equal(environ, before) {
		t.Errorf("the caller's were changed: %q", environ)
	}
}

func TestTCP(t *testing.T) {
	for _, test := range []struct{ local, remote, localIP, remoteIP string }{
		{"127.0.0.1:80", "192.0.2.1:4000", "127.0.0.1", "192.0.2.1"},
		{"[::1]:80", "[fe80::1%eth0]:4000", "::1", "fe80::1"},
		{"[::ffff:127.0.0.1]:80", "[::ffff:192.0.2.1]:4000", "127.0.0.1", "192.0.2.1"},
	} {
		got := TCP(netip.MustParseAddrPort(test.local), netip.MustParseAddrPort(test.remote))
		want := []string{"PROTO=TCP", "TCPLOCALIP=" + test.localIP, "TCPLOCALPORT=80", "TCPREMOTEIP=" + test.remoteIP, "TCPREMOTEPORT=4000"}
		if !slices.Equal(got, want) {
			t.Errorf("%s to %s: %q", test.remote, test.local, got)
		}
	}
}

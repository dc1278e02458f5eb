//go:build !portable

package talk

import (
	"net/netip"
	"strings"
	"testing"

	"nettool/internal/server/loop"
)

// TestSeal: an envelope is the same on the other side of a link.
func TestSeal(t *testing.T) {
	t.Parallel()
	for _, e := range []loop.Envelope{
		{Peer: netip.MustParseAddrPort("192.0.2.1:4711"), Local: netip.MustParseAddr("127.0.0.1"), Port: 53},
		{Peer: netip.MustParseAddrPort("[2001:db8::1]:65535"), Local: netip.MustParseAddr("2001:db8::2"), Port: 1},
		{Peer: netip.MustParseAddrPort("[fe80::1]:1"), Local: netip.MustParseAddr("fe80::2"), Port: 65535, Index: 1 << 31},
		{Peer: netip.MustParseAddrPort("0.0.0.0:1"), Port: 7},
		{Peer: netip.MustParseAddrPort("[::]:1"), Local: netip.MustParseAddr("::"), Port: 7},
		loop.UnixEnvelope(loop.Paths{Peer: "\x0000012", Local: strings.Repeat("x", 108)}),
		loop.UnixEnvelope(loop.Paths{Local: "/run/socket"}),
	} {
		b := append(seal([]byte("before"), e), "after"...)
		if got, rest, ok := unseal(b[6:]); got != e || !ok || string(rest) != "after" || len(b) > 11+mostSealed {
			t.Errorf("%+v in %d bytes becomes %+v, %v, and %q is left", e, len(b)-11, got, ok, rest)
		}
	}
}

// FuzzTold: what an older image says harms nobody, whatever it is.
func FuzzTold(f *testing.F) {
	f.Add(byte(begun), seal(nil, loop.Envelope{Peer: netip.MustParseAddrPort("192.0.2.1:1")}))
	f.Add(byte(mail), []byte("short"))
	f.Add(byte(over), []byte{})
	f.Add(byte(begun), seal(nil, loop.UnixEnvelope(loop.Paths{Peer: "/peer", Local: "/local"})))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		talks := &Talks{table: newTable(), link: &link{fd: -1, elder: map[loop.Envelope]struct{}{}}}
		talks.told(kind, b)
		if kind == begun && len(talks.link.elder) > len(b)/3 {
			t.Errorf("%d conversations of %d bytes", len(talks.link.elder), len(b))
		}
	})
}

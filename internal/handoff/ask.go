package handoff

import (
	"net/netip"

	"nettool/internal/proxy"
)

// NewAsk tells what the PROXY header of a connection says.
func NewAsk(id uint64, h proxy.Received) *Ask {
	m := &Ask{ID: id, Size: h.Size}
	if h.Known() {
		m.Source, m.Dest = h.Src.String(), h.Dst.String()
	}
	return m
}

// Received is what the header says, as the child has told. ok is false when no
// header can say that.
func (m *Ask) Received() (h proxy.Received, ok bool) {
	h.Size = m.Size
	if m.Size <= 0 || m.Size > proxy.LongestHeader {
		return h, false
	}
	if m.Source == "" && m.Dest == "" {
		return h, true
	}
	var err1, err2 error
	h.Src, err1 = netip.ParseAddrPort(m.Source)
	h.Dst, err2 = netip.ParseAddrPort(m.Dest)
	return h, err1 == nil && err2 == nil && plain(h.Src.Addr()) && plain(h.Dst.Addr())
}

// plain reports whether an address is one that a header can have.
func plain(ip netip.Addr) bool { return ip.Zone() == "" && !ip.Is4In6() }

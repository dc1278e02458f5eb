package target

import (
	"fmt"
	"net/netip"
	"strings"
)

// cutHosts takes a range of hosts out of an address: in its place comes the first one.
// last is invalid if there is no range.
func cutHosts(text string) (single string, last netip.Addr, err error) {
	if isPath(text) || strings.Contains(text, "//") {
		return text, last, nil // a URL has an error of its own
	}
	start, end := hostOf(text)
	first, last, err := parseHosts(text[start:end])
	if err != nil || !last.IsValid() {
		return text, last, err
	}
	return text[:start] + first.String() + text[end:], last, nil
}

// hostOf is where in HOST:PORT, PREFIX:HOST:PORT or PREFIX:[V6]:PORT the host is, or
// where nothing is.
func hostOf(text string) (start, end int) {
	if open := strings.IndexByte(text, '['); open >= 0 {
		inside := strings.IndexByte(text[open:], ']')
		return open + 1, open + max(inside, 1)
	}
	end = max(strings.LastIndexByte(text, ':'), 0)
	return strings.LastIndexByte(text[:end], ':') + 1, end
}

// parseHosts reads FIRST/BITS (RFC 4632, RFC 4291, section 2.3), FIRST-LAST, or, of IPv4,
// FIRST-N where N is the last byte of the last one. A text that is no such thing makes no
// range: it may be a name.
func parseHosts(text string) (first, last netip.Addr, err error) {
	if strings.Contains(text, "/") {
		return parsePrefix(text)
	}
	from, to, isRange := strings.Cut(text, "-")
	first, failed := netip.ParseAddr(from)
	if !isRange || failed != nil {
		return first, last, nil
	}
	if first.Is4() && digits(to) {
		to = from[:strings.LastIndexByte(from, '.')+1] + to
	}
	last, failed = netip.ParseAddr(to)
	switch {
	case failed != nil && !digits(to[strings.LastIndexByte(to, '.')+1:]):
		return first, netip.Addr{}, nil
	case failed != nil || first.Is4() != last.Is4() || first.Zone() != last.Zone():
		return first, last, fmt.Errorf("%q is no range of hosts; the forms are 192.0.2.0/28, 192.0.2.1-20 and 192.0.2.1-192.0.3.20", text)
	case last.Less(first):
		return first, last, fmt.Errorf("the hosts %q run backwards; the form is %s-%s", text, last, first)
	}
	return first, last, nil
}

// parsePrefix returns the first and the last address of a network, which are two of its
// hosts.
func parsePrefix(text string) (first, last netip.Addr, err error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return first, last, fmt.Errorf("%q is no network; the form is 192.0.2.0/28", text)
	}
	first = p.Masked().Addr()
	bytes := first.AsSlice()
	for bit := p.Bits(); bit < first.BitLen(); bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ = netip.AddrFromSlice(bytes)
	return first, last, nil
}

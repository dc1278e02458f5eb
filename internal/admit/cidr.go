package admit

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"nettool/internal/tcprules"
)

// CIDR is a block of addresses, never IPv4-mapped and never with bits beyond its
// length.
type CIDR struct{ netip.Prefix }

// UnmarshalText reads "10.0.0.0/8", "2001:db8::/32" or a single address.
func (c *CIDR) UnmarshalText(text []byte) error {
	p, err := parseCIDR(string(text))
	if err != nil {
		return err
	}
	c.Prefix = p
	return nil
}

func parseCIDR(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is not a block of addresses, as in 10.0.0.0/8 or 2001:db8::/32", text)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, fmt.Errorf("%q is wider than the IPv4-mapped addresses; write the IPv4 block", text)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q has bits beyond its length; the block is %s", text, p.Masked())
	}
	return p, nil
}

// parseDotted reads an IPv4 address, or a prefix of one that ends with a dot, as
// tcprules(1) has them; one part may be a range: "10.1.", "192.0.2.1-7", "10.2-3.".
func parseDotted(text string) ([]netip.Prefix, error) {
	prefix, dot := strings.CutSuffix(text, ".")
	parts := strings.Split(prefix, ".")
	switch {
	case len(parts) > 4 || (len(parts) == 4 && dot):
		return nil, fmt.Errorf("%q is not an IPv4 address", text)
	case len(parts) < 4 && !dot:
		return nil, fmt.Errorf("%q is neither an IPv4 address nor a prefix of one with its final dot (10.1.)", text)
	}
	for _, part := range parts {
		if err := checkPart(part); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
	}
	addresses, err := tcprules.Addresses(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	all := make([]netip.Prefix, len(addresses))
	for i, address := range addresses {
		if all[i], err = dottedPrefix(address, len(parts)); err != nil {
			return nil, fmt.Errorf("%q has more than one range", text)
		}
	}
	return all, nil
}

// checkPart refuses what is neither an octet nor a range of octets.
func checkPart(text string) error {
	first, last, found := strings.Cut(text, "-")
	low, err := parseOctet(first)
	if err != nil || !found {
		return err
	}
	high, err := parseOctet(last)
	if err == nil && high < low {
		err = fmt.Errorf("the range %s goes backwards", text)
	}
	return err
}

func parseOctet(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || (text[0] == '0' && len(text) > 1) {
		return 0, fmt.Errorf("%q is not a number from 0 to 255", text)
	}
	return int(n), nil
}

// dottedPrefix is the prefix of an address of so many parts, fewer than four of which end
// with a dot.
func dottedPrefix(text string, parts int) (netip.Prefix, error) {
	ip, err := netip.ParseAddr(text + [...]string{"", "0", "0.0", "0.0.0"}[4-parts])
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(ip, 8*parts), nil
}

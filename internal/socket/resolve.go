package socket

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nettool/internal/exit"
)

// Resolve returns the candidates of a TCP, UDP or ICMP address in the order to try
// them, of ICMP with port 0: RFC 6724 order for a name; 127.0.0.1 and ::1 for a bare port
// and for an empty host; of a service its hosts' in the order of RFC 2782. IPv4-mapped
// addresses are unmapped. A name that does not resolve is a *net.DNSError with
// exit.NoName.
func (a Addr) Resolve(ctx context.Context) ([]netip.AddrPort, error) {
	if !a.isTCP() && !a.Datagram() {
		return nil, exit.Errorf(exit.Usage, "address %q: has no host and port", a)
	}
	if a.Service() {
		return a.lookupService(ctx)
	}
	port, err := a.lookupPort(ctx)
	if err != nil {
		return nil, err
	}
	ips, err := a.lookup(ctx)
	if err != nil {
		return nil, err
	}
	candidates := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		candidates[i] = netip.AddrPortFrom(ip, port)
	}
	return candidates, nil
}

// lookupService follows the SRV records of the address. A host among several that does
// not resolve is left out.
func (a Addr) lookupService(ctx context.Context) ([]netip.AddrPort, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", a.Host)
	if err != nil && len(records) == 0 {
		return nil, exit.With(exit.NoName, &lookupError{a.Host, err})
	}
	var candidates []netip.AddrPort
	failed := exit.Errorf(exit.NoName, "resolve %q: its SRV records say that there is no such service", a.Host)
	for _, r := range records {
		if r.Target == "." {
			continue
		}
		host := a
		host.Host = strings.TrimSuffix(r.Target, ".")
		ips, err := host.lookup(ctx)
		if err != nil {
			failed = err
			continue
		}
		for _, ip := range ips {
			candidates = append(candidates, netip.AddrPortFrom(ip, r.Port))
		}
	}
	if len(candidates) == 0 {
		return nil, failed
	}
	return candidates, nil
}

// WithNumber returns the address with its port in digits, from services(5) if it is a
// name. Other addresses than those of TCP and UDP stay as they are.
func (a Addr) WithNumber(ctx context.Context) (Addr, error) {
	if !a.isTCP() && !a.isUDP() {
		return a, nil
	}
	port, err := a.lookupPort(ctx)
	a.Port = strconv.Itoa(int(port))
	return a, err
}

// lookupPort is the port's number, from services(5) if it is a name.
func (a Addr) lookupPort(ctx context.Context) (uint16, error) {
	if a.Network == "icmp" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(a.Port, 10, 16); err == nil {
		return uint16(n), nil
	}
	transport := "tcp"
	if a.isUDP() {
		transport = "udp"
	}
	n, err := net.DefaultResolver.LookupPort(ctx, transport, a.Port)
	if err != nil {
		return 0, exit.Errorf(exit.Usage, "address %q: unknown service %q", a, a.Port)
	}
	return uint16(n), nil
}

func (a Addr) lookup(ctx context.Context) ([]netip.Addr, error) {
	if a.Loopback || a.Host == "" {
		return a.admitted([]netip.Addr{loopback4(), netip.IPv6Loopback()}), nil
	}
	if a.At.IsValid() {
		return a.admittedOf([]netip.Addr{a.At})
	}
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		if !hasZone(ip.Zone()) {
			return nil, exit.Errorf(exit.Local, "address %q: there is no network interface %q", a, ip.Zone())
		}
		return a.admittedOf([]netip.Addr{ip})
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a.Host)
	if err != nil {
		return nil, exit.With(exit.NoName, &lookupError{a.Host, err})
	}
	return a.admittedOf(ips)
}

func (a Addr) admittedOf(ips []netip.Addr) ([]netip.Addr, error) {
	fit := a.admitted(ips)
	if len(fit) == 0 {
		return nil, exit.Errorf(exit.NoName, "resolve %q: no IPv%c address", a.Host, a.family())
	}
	return fit, nil
}

// admitted is ips unmapped, of the address's family, each once.
func (a Addr) admitted(ips []netip.Addr) []netip.Addr {
	var fit []netip.Addr
	for _, ip := range ips {
		if ip = ip.Unmap(); a.allows(ip) && !slices.Contains(fit, ip) {
			fit = append(fit, ip)
		}
	}
	return fit
}

// hasZone reports whether zone is empty, or the name or number of an interface.
func hasZone(zone string) bool {
	if zone == "" {
		return true
	}
	_, err := net.InterfaceByName(zone)
	if n, digits := number(zone); err != nil && digits {
		_, err = net.InterfaceByIndex(n)
	}
	return err == nil
}

func loopback4() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// lookupError says what failed without the resolver's inner details.
type lookupError struct {
	host string
	err  error
}

func (e *lookupError) Error() string { return fmt.Sprintf("resolve %q: %s", e.host, Reason(e.err)) }
func (e *lookupError) Unwrap() error { return e.err }

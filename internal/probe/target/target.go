// Package target reads what probe is to look at: addresses, addresses with many
// ports (HOST:22,80,8000-8100), services (_ldap._tcp.example.com), hosts without a port (icmp:HOST), ranges of hosts (192.0.2.0/28:22, 192.0.2.1-9:22), names whose
// address is given (NAME@IP:443), and files that list them.
package target

import (
	"iter"
	"math/big"
	"net/netip"
	"strconv"

	"nettool/internal/socket"
)

// Range is a run of ports, both ends included.
type Range struct{ First, Last uint16 }

// Target is one argument: an address, with one port or many.
type Target struct {
	Addr  socket.Addr // the first port's address when there are many
	Ports []Range     // sorted, without overlap; nil means Addr's own port (or path)
	last  netip.Addr  // of a range of hosts, which Addr's begins; invalid is one host
}

// Len is the number of addresses that the target stands for.
func (t Target) Len() int {
	if t.Ports == nil {
		return 1
	}
	n := 0
	for _, r := range t.Ports {
		n += int(r.Last) - int(r.First) + 1
	}
	return n
}

// All yields the addresses of the target, one a port, in ascending order.
func (t Target) All() iter.Seq[socket.Addr] {
	return func(yield func(socket.Addr) bool) {
		if t.Ports == nil {
			yield(t.Addr)
			return
		}
		for port := range t.ports() {
			if !yield(t.With(port)) {
				return
			}
		}
	}
}

// Count is the number of hosts that the target stands for.
func (t Target) Count() *big.Int {
	n := big.NewInt(1)
	if !t.last.IsValid() {
		return n
	}
	first := netip.MustParseAddr(t.Addr.Host) // Parse wrote it
	n.Add(n, new(big.Int).SetBytes(t.last.AsSlice()))
	return n.Sub(n, new(big.Int).SetBytes(first.AsSlice()))
}

// Hosts yields a target for each host.
func (t Target) Hosts() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		last := t.last
		t.last = netip.Addr{}
		if !last.IsValid() {
			yield(t)
			return
		}
		for ip := netip.MustParseAddr(t.Addr.Host); ip.IsValid() && ip.Compare(last) <= 0; ip = ip.Next() {
			t.Addr.Host = ip.String()
			if !yield(t) {
				return
			}
		}
	}
}

// Named reports whether the target's host is a name that has to be looked up.
func (t Target) Named() bool {
	a := t.Addr
	if a.Network == "unix" || a.At.IsValid() || a.Loopback || a.Host == "" {
		return false
	}
	_, err := netip.ParseAddr(a.Host)
	return err != nil
}

// Each is the target once for each of the addresses of its name.
func (t Target) Each(at []netip.AddrPort) []Target {
	all := make([]Target, len(at))
	for i, a := range at {
		all[i] = t
		all[i].Addr.At = a.Addr()
		if t.Addr.Service() {
			all[i].Addr.Port = strconv.Itoa(int(a.Port()))
		}
	}
	return all
}

// With is the target's address with another port.
func (t Target) With(port uint16) socket.Addr {
	a := t.Addr
	a.Port = strconv.Itoa(int(port))
	return a
}

func (t Target) ports() iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for _, r := range t.Ports {
			for p := int(r.First); p <= int(r.Last); p++ {
				if !yield(uint16(p)) {
					return
				}
			}
		}
	}
}

// PortNumbers returns the ports of a target that has several, ascending.
func (t Target) PortNumbers() []uint16 {
	all := make([]uint16, 0, t.Len())
	for p := range t.ports() {
		all = append(all, p)
	}
	return all
}

// Expand lists the addresses of all targets in order.
func Expand(targets []Target) []socket.Addr {
	var all []socket.Addr
	for _, t := range targets {
		for a := range t.All() {
			all = append(all, a)
		}
	}
	return all
}

// Label is how results call an address: as it was given, with the host that a
// bare port stands for, and IPv6 in brackets.
func Label(a socket.Addr) string {
	if a.Network == "tcp" && (a.Loopback || a.Host == "") {
		a.Host, a.Loopback = "localhost", false
	}
	return a.String()
}

// Host is an address's host, "localhost" for a bare port, or a unix socket's path.
func Host(a socket.Addr) string {
	switch {
	case a.Path != "":
		return a.Path
	case a.Loopback || a.Host == "":
		return "localhost"
	}
	return a.Host
}

// Local reports whether an address is certain to be on this machine: a unix
// socket, or every one of its candidates a loopback address.
func Local(a socket.Addr, candidates []netip.AddrPort) bool {
	if a.Network == "unix" || a.Loopback || a.Host == "" || a.Host == "localhost" {
		return true
	}
	for _, c := range candidates {
		if !c.Addr().IsLoopback() {
			return false
		}
	}
	return len(candidates) > 0
}

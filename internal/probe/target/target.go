// Package target reads what probe is to look at: addresses, addresses with many
// ports (HOST:22,80,8000-8100), and files that list them.
package target

import (
	"iter"
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

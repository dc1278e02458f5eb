package target

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// Pattern is a set of addresses. TLS makes no difference to it.
type Pattern struct {
	kind   string     // tcp, udp, icmp or unix
	host   string     // in lower case, without the last dot; "" is any, "*.NAME" any below NAME
	from   netip.Addr // of a range of hosts, or of one; invalid for a name
	to     netip.Addr
	ports  []Range // nil is any
	path   string
	lookup bool // a service, whose SRV records have the ports
}

// ParsePattern reads a target, as Parse does, in which the host may be "*" or begin with
// "*.", and the port may be "*". Errors carry exit.Usage.
func ParsePattern(text string) (Pattern, error) {
	if isPath(text) || !strings.Contains(text, "*") {
		t, err := Parse(text)
		if err != nil {
			return Pattern{}, err
		}
		return patternOf(t)
	}
	p, err := parseWild(text)
	if err != nil {
		return p, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	return p, nil
}

// parseWild reads a pattern with stars.
func parseWild(text string) (p Pattern, err error) {
	prefix, rest := cutKeywords(text)
	host, port := rest, ""
	if !strings.HasPrefix(prefix, "icmp:") {
		at := strings.LastIndexByte(rest, ':')
		if at < 0 {
			return p, fmt.Errorf("the port is missing; the form is HOST:PORT, in which * is any")
		}
		host, port = rest[:at], rest[at+1:]
	}
	usual := host
	switch {
	case host == "*":
		usual = "any"
	case strings.HasPrefix(host, "*."):
		usual = host[2:]
	}
	if strings.Contains(usual, "*") || usual == "" && usual != host {
		return p, fmt.Errorf("a host is *, or begins with *., or has no *")
	}
	model := prefix + usual
	switch port {
	case "":
	case "*":
		model += ":1"
	default:
		model += ":" + port
	}
	t, err := Parse(model)
	if err != nil {
		return p, err
	}
	if p, err = patternOf(t); err != nil {
		return p, err
	}
	if usual != host {
		if p.from.IsValid() || t.Addr.At.IsValid() {
			return p, fmt.Errorf("*. stands before a name")
		}
		p.host = strings.TrimSuffix(host, usual) + p.host
		if host == "*" {
			p.host = ""
		}
	}
	if port == "*" {
		p.ports = nil
	}
	return p, nil
}

// cutKeywords divides an address before its host.
func cutKeywords(text string) (prefix, rest string) {
	for rest = text; ; {
		word, after, found := strings.Cut(rest, ":")
		if !found || !keyword(word+":") {
			return text[:len(text)-len(rest)], rest
		}
		rest = after
	}
}

// patternOf is the pattern of what a target stands for.
func patternOf(t Target) (Pattern, error) {
	p := Pattern{kind: kindOf(t.Addr), path: t.Addr.Path, host: plainHost(t.Addr), lookup: t.Addr.Service(), ports: t.Ports}
	if p.path != "" || p.kind == "icmp" || p.lookup {
		p.ports = nil
	} else if t.Ports == nil {
		addr, err := t.Addr.WithNumber(context.Background())
		if err != nil {
			return p, err
		}
		port, err := parsePort(addr.Port)
		if err != nil {
			return p, err
		}
		p.ports = []Range{{port, port}}
	}
	if ip, ok := addressOf(t.Addr); ok {
		p.from, p.to = ip, ip
		if t.last.IsValid() {
			p.to = t.last
		}
	}
	return p, nil
}

// Allows reports whether an address is in the set. One whose name is not to be looked up,
// NAME@IP, is the address.
func (p *Pattern) Allows(a socket.Addr) bool {
	if p.kind != kindOf(a) || p.path != a.Path || p.lookup != a.Service() {
		return false
	}
	if p.path != "" {
		return true
	}
	return p.hasHost(a) && p.hasPort(a)
}

func (p *Pattern) hasHost(a socket.Addr) bool {
	ip, isIP := addressOf(a)
	switch {
	case p.from.IsValid():
		return isIP && ip.Zone() == p.from.Zone() && !ip.Less(p.from) && !p.to.Less(ip)
	case p.host == "":
		return true
	case isIP:
		return false
	}
	name := plainHost(a)
	if below, ok := strings.CutPrefix(p.host, "*"); ok {
		return strings.HasSuffix(name, below) && len(name) > len(below)
	}
	return name == p.host
}

func (p *Pattern) hasPort(a socket.Addr) bool {
	if p.ports == nil {
		return true
	}
	a, err := a.WithNumber(context.Background())
	if err != nil {
		return false
	}
	port, err := parsePort(a.Port)
	return err == nil && slices.ContainsFunc(p.ports, func(r Range) bool { return r.First <= port && port <= r.Last })
}

// kindOf is an address's network, whatever its family.
func kindOf(a socket.Addr) string { return strings.TrimRight(a.Network, "46") }

// plainHost is a host's name as it is compared.
func plainHost(a socket.Addr) string {
	return strings.TrimSuffix(strings.ToLower(Host(a)), ".")
}

// addressOf is the address of a host that is not looked up.
func addressOf(a socket.Addr) (netip.Addr, bool) {
	if a.At.IsValid() {
		return a.At, true
	}
	ip, err := netip.ParseAddr(a.Host)
	return ip, err == nil
}

// Package names finds out what programs want to know of their clients beyond addresses:
// names, by DNS, and whose a connection is, by the Identification Protocol (RFC 1413).
// Main is a process of its own for a server; the rest is what that asks and remembers.
package names

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"nettool/internal/handoff"
	"nettool/internal/ident"
)

// seeker looks up what a server wants to know.
type seeker struct {
	which    handoff.Names
	resolver *net.Resolver
	known    *cache
}

func newSeeker(which handoff.Names, dnsCache string) *seeker {
	return &seeker{which: which, resolver: resolver(dnsCache), known: newCache(time.Now)}
}

// resolver asks the system's name servers, or the one whose address is at, as $DNSCACHEIP
// has it.
func resolver(at string) *net.Resolver {
	ip, err := netip.ParseAddr(at)
	if err != nil {
		return net.DefaultResolver
	}
	server := netip.AddrPortFrom(ip, 53).String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
}

// seek answers a question. It takes as long as the server has said, at most.
func (s *seeker) seek(q *handoff.Who) *handoff.Named {
	ctx, cancel := context.WithTimeout(context.Background(), s.which.Timeout)
	defer cancel()
	answer := &handoff.Named{ID: q.ID}
	local, errLocal := netip.ParseAddrPort(q.Local)
	remote, errRemote := netip.ParseAddrPort(q.Remote)
	if errLocal != nil || errRemote != nil {
		return answer
	}
	asked := make(chan struct{})
	go func() { // both wait for others
		defer close(asked)
		if s.which.Info {
			answer.Info = s.info(ctx, local, remote)
		}
	}()
	if s.which.LocalHost {
		answer.LocalHost = s.name(ctx, local.Addr(), false)
	}
	if s.which.Host {
		answer.Host = s.name(ctx, remote.Addr(), s.which.Paranoid)
	}
	<-asked
	return answer
}

// longest is how long a name can be, in bytes (RFC 1035, 2.3.4).
const longest = 255

func (s *seeker) info(ctx context.Context, local, remote netip.AddrPort) handoff.Word {
	info, err := ident.Query(ctx, local, remote)
	return handoff.Word{Text: info, Known: err == nil && info != ""}
}

// name is the name of an address, if there is one; a paranoid one has that address.
func (s *seeker) name(ctx context.Context, ip netip.Addr, paranoid bool) handoff.Word {
	ip = ip.Unmap()
	word, found := s.known.find(question{ip, paranoid})
	if found {
		return word
	}
	names, err := s.resolver.LookupAddr(ctx, ip.WithZone("").String())
	if len(names) > 0 {
		word.Text = strings.TrimSuffix(names[0], ".")
		word.Known = word.Text != "" && len(word.Text) <= longest && (!paranoid || s.has(ctx, word.Text, ip))
	}
	if !word.Known {
		word.Text = ""
	}
	s.known.add(question{ip, paranoid}, word, err == nil || notThere(err))
	return word
}

// has reports whether a name has an address.
func (s *seeker) has(ctx context.Context, name string, ip netip.Addr) bool {
	network := "ip6"
	if ip.Is4() {
		network = "ip4"
	}
	ips, _ := s.resolver.LookupNetIP(ctx, network, name+".")
	for _, other := range ips {
		if other.Unmap() == ip.WithZone("") {
			return true
		}
	}
	return false
}

// notThere reports whether an error says that there is no name, rather than that nobody
// could be asked.
func notThere(err error) bool {
	e, ok := err.(*net.DNSError)
	return ok && e.IsNotFound
}

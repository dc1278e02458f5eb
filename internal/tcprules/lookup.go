package tcprules

import (
	"fmt"
	"iter"
	"strings"

	"nettool/internal/cdb"
)

// Peer is what is known of who connects. What is nil is not known; it can be known to be
// empty.
type Peer struct {
	IP   *string // TCPREMOTEIP
	Host *string // TCPREMOTEHOST
	Info *string // TCPREMOTEINFO
}

// Find looks for the rule of a peer: the first of its addresses that has one, of which
// there may be none.
func Find(db *cdb.File, p Peer) (address string, rule Rule, found bool, err error) {
	for address := range p.Addresses() {
		value, found, err := db.Find([]byte(address))
		if err != nil {
			return "", Rule{}, false, err
		}
		if !found {
			continue
		}
		if rule, err = Decode(value); err != nil {
			return "", Rule{}, false, fmt.Errorf("rule %q: %w", address, err)
		}
		return address, rule, true, nil
	}
	return "", Rule{}, false, nil
}

// Addresses are those that may have a rule for a peer, the most special first.
func (p Peer) Addresses() iter.Seq[string] {
	return func(yield func(string) bool) {
		_ = p.whole(yield) && p.shorter(yield) && yield("")
	}
}

// whole has those that are for this very peer.
func (p Peer) whole(yield func(string) bool) bool {
	return (p.Info == nil || p.IP == nil || yield(*p.Info+"@"+*p.IP)) &&
		(p.Info == nil || p.Host == nil || yield(*p.Info+"@="+*p.Host)) &&
		(p.IP == nil || yield(*p.IP)) &&
		(p.Host == nil || yield("="+*p.Host))
}

// shorter has the prefixes of the address and the suffixes of the name.
func (p Peer) shorter(yield func(string) bool) bool {
	return (p.IP == nil || prefixes(*p.IP, yield)) &&
		(p.Host == nil || suffixes(*p.Host, yield) && yield("="))
}

// prefixes are those that end with a dot, without the whole.
func prefixes(ip string, yield func(string) bool) bool {
	for n := len(ip) - 1; n > 0; n-- {
		if ip[n-1] == '.' && !yield(ip[:n]) {
			return false
		}
	}
	return true
}

// suffixes are those that begin with a dot, without the whole.
func suffixes(host string, yield func(string) bool) bool {
	for rest := host; rest != ""; {
		dot := strings.IndexByte(rest[1:], '.')
		if dot < 0 {
			break
		}
		if rest = rest[1+dot:]; !yield("=" + rest) {
			return false
		}
	}
	return true
}

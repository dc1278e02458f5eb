package admit

import "net/netip"

// Sender is who sends PROXY headers, or none: a block of addresses, or all clients
// of unix sockets.
type Sender struct {
	CIDR
	Unix bool
}

// UnmarshalText reads what CIDR does, and "unix".
func (s *Sender) UnmarshalText(text []byte) error {
	if s.Unix = string(text) == "unix"; s.Unix {
		return nil
	}
	return s.CIDR.UnmarshalText(text)
}

// String is the sender as flags have it.
func (s Sender) String() string {
	if s.Unix {
		return "unix"
	}
	return s.CIDR.String()
}

// Match is how many leading bits of ip, which is invalid for a client of a unix
// socket, the senders name: -1 is none.
func Match(senders []Sender, ip netip.Addr) (bits int) {
	bits = -1
	for _, s := range senders {
		switch {
		case s.Unix && !ip.IsValid():
			return 0
		case !s.Unix && s.Contains(ip.WithZone("")):
			bits = max(bits, s.Bits())
		}
	}
	return bits
}

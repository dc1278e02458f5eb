package attempt

import (
	"cmp"
	"fmt"
	"net/netip"
)

// ICMPError is what the network, or the peer's host, said of a packet that did not
// arrive (RFC 792, RFC 4443).
type ICMPError struct {
	V6         bool // ICMPv6: types and codes have other meanings there
	Type, Code int
	From       netip.Addr // who said so
	Own        bool       // that was this machine, such as of a neighbour that does not answer
}

// String is the error in words, with its numbers.
func (e *ICMPError) String() string {
	version := "ICMP"
	if e.V6 {
		version = "ICMPv6"
	}
	text := fmt.Sprintf("%s %s (type %d, code %d) from %s", version, e.meaning(), e.Type, e.Code, e.From)
	if e.Own {
		text += ", which is this machine"
	}
	return text
}

// typeCode is a type and a code.
type typeCode struct{ kind, code int }

func (e *ICMPError) meaning() string {
	words := meaning4(typeCode{e.Type, e.Code})
	if e.V6 {
		words = meaning6(typeCode{e.Type, e.Code})
	}
	return cmp.Or(words, "error")
}

// meaning4 names the errors of ICMP (RFC 792, RFC 1812 section 5.2.7.1), or is "".
func meaning4(m typeCode) string {
	switch m {
	case typeCode{3, 0}:
		return "network unreachable"
	case typeCode{3, 1}:
		return "host unreachable"
	case typeCode{3, 2}:
		return "protocol unreachable"
	case typeCode{3, 3}:
		return "port unreachable"
	case typeCode{3, 4}:
		return "fragmentation needed"
	case typeCode{3, 5}:
		return "source route failed"
	case typeCode{3, 6}:
		return "network unknown"
	case typeCode{3, 7}:
		return "host unknown"
	case typeCode{3, 9}:
		return "network administratively prohibited"
	case typeCode{3, 10}:
		return "host administratively prohibited"
	case typeCode{3, 13}:
		return "administratively prohibited"
	}
	switch m.kind {
	case 3:
		return "unreachable"
	case 11:
		return "time exceeded"
	case 12:
		return "parameter problem"
	}
	return ""
}

// meaning6 names the errors of ICMPv6 (RFC 4443), or is "".
func meaning6(m typeCode) string {
	switch m {
	case typeCode{1, 0}:
		return "no route"
	case typeCode{1, 1}:
		return "administratively prohibited"
	case typeCode{1, 3}:
		return "address unreachable"
	case typeCode{1, 4}:
		return "port unreachable"
	case typeCode{1, 5}:
		return "source address failed policy"
	case typeCode{1, 6}:
		return "reject route"
	}
	switch m.kind {
	case 1:
		return "unreachable"
	case 2:
		return "packet too big"
	case 3:
		return "time exceeded"
	case 4:
		return "parameter problem"
	}
	return ""
}

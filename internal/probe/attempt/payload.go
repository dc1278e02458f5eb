package attempt

import (
	"crypto/rand"
	"slices"
	"strings"
)

// payloadPort is a question that a server of UDP answers, and its port.
type payloadPort struct{ name, port, service string }

func payloads() []payloadPort {
	return []payloadPort{{"dns", "53", "domain"}, {"ntp", "123", "ntp"}, {"snmp", "161", "snmp"}, {"stun", "3478", "stun"}}
}

// Payloads are the names of the questions that UDP servers are known to answer.
func Payloads() []string {
	var names []string
	for _, p := range payloads() {
		names = append(names, p.name)
	}
	return names
}

// KnowsPayload is nil for a name of Payloads and for "", and an error with exit.Usage
// otherwise.
func KnowsPayload(name string) error {
	if name == "" || slices.Contains(Payloads(), name) {
		return nil
	}
	return usage("--payload %q: there are %s", name, strings.Join(Payloads(), ", "))
}

// PayloadOf is the question for a port, or "".
func PayloadOf(port string) string {
	for _, p := range payloads() {
		if port == p.port || port == p.service {
			return p.name
		}
	}
	return ""
}

// Payload is a question: of DNS the name servers of the root (RFC 1035), of NTP the time
// (RFC 5905, a client's packet), of SNMP the system's description (RFC 3416, community
// public), of STUN one's own address (RFC 8489). Without a name it is empty.
func Payload(name string) []byte {
	var id [16]byte
	rand.Read(id[:])
	switch name {
	case "dns":
		return slices.Concat(id[:2], []byte{1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1})
	case "ntp":
		packet := make([]byte, 48)
		packet[0] = 4<<3 | 3      // version 4, client
		copy(packet[40:], id[:8]) // the time of sending, which comes back
		return packet
	case "snmp":
		id[0] &= 0x7f // not negative
		return slices.Concat([]byte("\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04"), id[:4],
			[]byte("\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"))
	case "stun":
		return slices.Concat([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, id[:12])
	}
	return nil
}

package proxy

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

// v2Signature begins every binary PROXY header.
const v2Signature = "\r\n\r\n\x00\r\nQUIT\n"

// Header is a PROXY protocol header, version 1 (text) or 2 (binary), that says
// the connection comes from src and went to dst. Addresses that are not TCP make
// it say that it does not know.
func Header(version int, src, dst net.Addr) []byte {
	from, to, known := pair(src, dst)
	if version == 1 {
		return header1(from, to, known)
	}
	return header2(from, to, known)
}

func pair(src, dst net.Addr) (from, to netip.AddrPort, known bool) {
	s, ok1 := src.(*net.TCPAddr)
	d, ok2 := dst.(*net.TCPAddr)
	if !ok1 || !ok2 {
		return from, to, false
	}
	from, to = unmapped(s.AddrPort()), unmapped(d.AddrPort())
	return from, to, from.Addr().Is4() == to.Addr().Is4()
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

func header1(from, to netip.AddrPort, known bool) []byte {
	if !known {
		return []byte("PROXY UNKNOWN\r\n")
	}
	family := "TCP6"
	if from.Addr().Is4() {
		family = "TCP4"
	}
	return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", family, from.Addr(), to.Addr(), from.Port(), to.Port())
}

func header2(from, to netip.AddrPort, known bool) []byte {
	b := []byte(v2Signature)
	if !known {
		return append(b, 0x21, 0x00, 0, 0) // PROXY, unspecified, no addresses
	}
	family := byte(0x21) // TCP over IPv6
	if from.Addr().Is4() {
		family = 0x11
	}
	body := append(from.Addr().AsSlice(), to.Addr().AsSlice()...)
	body = binary.BigEndian.AppendUint16(body, from.Port())
	body = binary.BigEndian.AppendUint16(body, to.Port())
	b = append(b, 0x21, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

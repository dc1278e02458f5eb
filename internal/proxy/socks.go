package proxy

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
)

// socks5 is the client's side of RFC 1928, with the passwords of RFC 1929.
func (p Proxy) socks5(conn net.Conn, host, port string) error {
	if err := p.socks5Login(conn); err != nil {
		return err
	}
	request, err := socks5Request(host, port)
	if err != nil {
		return err
	}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	return socks5Answer(conn)
}

// socks5Login agrees on a method: none, or a password when there is one.
func (p Proxy) socks5Login(conn net.Conn) error {
	hello := []byte{5, 1, 0}
	if p.User != "" {
		hello = []byte{5, 2, 0, 2}
	}
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	var answer [2]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] != 5:
		return refused("does not speak SOCKS5")
	case answer[1] == 0:
		return nil
	case answer[1] == 2 && p.User != "":
		return p.socks5Password(conn)
	case p.User == "":
		return refused("wants a user name and a password")
	}
	return refused("wants another kind of authentication")
}

func (p Proxy) socks5Password(conn net.Conn) error {
	if len(p.User) > 255 || len(p.Password) > 255 {
		return refused("takes names and passwords of 255 bytes at most")
	}
	b := append([]byte{1, byte(len(p.User))}, p.User...)
	b = append(append(b, byte(len(p.Password))), p.Password...)
	if _, err := conn.Write(b); err != nil {
		return err
	}
	var answer [2]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[1] != 0 {
		return refused("rejected the user name or the password")
	}
	return nil
}

func socks5Request(host, port string) ([]byte, error) {
	n, err := portNumber(port)
	if err != nil {
		return nil, err
	}
	b := []byte{5, 1, 0}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && ip.Is4():
		b = append(append(b, 1), ip.AsSlice()...)
	case err == nil:
		b = append(append(b, 4), ip.AsSlice()...)
	case len(host) > 255:
		return nil, refused("takes names of 255 bytes at most")
	default:
		b = append(append(b, 3, byte(len(host))), host...)
	}
	return binary.BigEndian.AppendUint16(b, n), nil
}

func socks5Answer(conn net.Conn) error {
	var head [5]byte // version, reply, reserved, address type, first byte of the address
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	rest, known := map[byte]int{1: 3, 3: int(head[4]), 4: 15}[head[3]]
	switch {
	case head[0] != 5:
		return refused("does not speak SOCKS5")
	case head[1] != 0:
		io.ReadFull(conn, make([]byte, rest+2)) // the answer's end does not matter any more
		return socks5Refusal(head[1])
	case !known:
		return refused("its answer has an address of unknown type %d", head[3])
	}
	_, err := io.ReadFull(conn, make([]byte, rest+2))
	return err
}

// socks5Refusal is a reply field of RFC 1928, section 6, in words.
func socks5Refusal(reply byte) error {
	e := &refusedError{unreachable: reply >= 3 && reply <= 6, as: Refusal{SOCKS: 5, Reply: reply}}
	switch reply {
	case 1:
		e.text = "general failure"
	case 2:
		e.text = "its rules do not allow this connection"
	case 3:
		e.text = "network unreachable"
	case 4:
		e.text = "host unreachable"
	case 5:
		e.text = "connection refused"
	case 6:
		e.text = "TTL expired"
	case 7:
		e.text = "cannot connect to anything"
	case 8:
		e.text = "does not know this kind of address"
	default:
		e.text = fmt.Sprintf("reply %d", reply)
	}
	return e
}

// socks4 is SOCKS4, and for names SOCKS4a: an address that cannot be, then the
// name.
func (p Proxy) socks4(conn net.Conn, host, port string) error {
	n, err := portNumber(port)
	if err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint16([]byte{4, 1}, n)
	ip, err := netip.ParseAddr(host)
	if err == nil && !ip.Is4() {
		return refused("SOCKS4 has no IPv6")
	}
	name := ""
	if err == nil {
		b = append(b, ip.AsSlice()...)
	} else {
		b = append(b, 0, 0, 0, 1)
		name = host + "\x00"
	}
	b = append(append(b, p.User...), 0)
	b = append(b, name...)
	if _, err := conn.Write(b); err != nil {
		return err
	}
	return socks4Answer(conn)
}

func socks4Answer(conn net.Conn) error {
	var answer [8]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] != 0:
		return refused("does not speak SOCKS4")
	case answer[1] == 90:
		return nil
	}
	return socks4Refusal(answer[1])
}

// socks4Refusal is a reply of SOCKS4 in words.
func socks4Refusal(reply byte) error {
	e := &refusedError{as: Refusal{SOCKS: 4, Reply: reply}}
	switch reply {
	case 91:
		e.text = "rejected the request, or could not connect"
	case 92, 93:
		e.text = "did not accept the user name"
	default:
		e.text = fmt.Sprintf("reply %d", reply)
	}
	return e
}

func portNumber(port string) (uint16, error) {
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		return uint16(n), nil
	}
	n, err := net.LookupPort("tcp", port)
	return uint16(n), err
}

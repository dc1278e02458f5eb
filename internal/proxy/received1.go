package proxy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// version1 reads the rest of a text header, and understands it.
func (h *header) version1() (Received, error) {
	for !h.ended() {
		if len(h.b) >= longest1 {
			return Received{}, fmt.Errorf("header %q: is longer than %d bytes", h.b, longest1)
		}
		if err := h.read(min(len(h.b)+h.lacks(), longest1)); err != nil {
			return Received{}, err
		}
	}
	return parse1(string(h.b[:len(h.b)-2]))
}

// ended reports whether the line is complete: check has seen to what is in front
// of its end.
func (h *header) ended() bool { return h.b[len(h.b)-1] == '\n' }

// lacks is how many bytes there must be still, at least: to read more could take
// some of what follows.
func (h *header) lacks() int {
	for _, least := range []string{"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "PROXY TCP6 :: :: 0 0\r\n"} {
		if len(h.b) < len(least) && string(h.b[:len("PROXY TCP4 ")]) == least[:len("PROXY TCP4 ")] {
			return len(least) - len(h.b)
		}
	}
	if h.b[len(h.b)-1] == '\r' {
		return 1
	}
	return 2
}

// parse1 understands the line of a text header, without its end.
func parse1(line string) (Received, error) {
	fields := strings.Split(line, " ")
	family := fields[1]
	switch {
	case family == "UNKNOWN": // whatever follows
		return Received{}, nil
	case family != "TCP4" && family != "TCP6":
		return Received{}, fmt.Errorf("header %q: want TCP4, TCP6 or UNKNOWN after PROXY", line)
	case len(fields) != 6:
		return Received{}, fmt.Errorf("header %q: want two addresses and two ports after %s", line, family)
	}
	var ips [2]netip.Addr
	var ports [2]uint16
	for i := range 2 {
		var err error
		if ips[i], err = parseIP(fields[2+i], family == "TCP4"); err != nil {
			return Received{}, fmt.Errorf("header %q: %q is no address of %s", line, fields[2+i], family)
		}
		if ports[i], err = parsePort(fields[4+i]); err != nil {
			return Received{}, fmt.Errorf("header %q: %q is no port", line, fields[4+i])
		}
	}
	return addresses(ips[0], ips[1], ports[0], ports[1]), nil
}

// parseIP reads an address of the family that was announced, without a zone.
func parseIP(text string, v4 bool) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err == nil && (ip.Is4() != v4 || ip.Zone() != "") {
		err = strconv.ErrSyntax
	}
	return ip, err
}

// parsePort reads a port in its shortest form.
func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && text[0] == '0' && len(text) > 1 {
		err = strconv.ErrSyntax
	}
	return uint16(n), err
}

package socket

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nettool/internal/exit"
)

// maxPath is the longest path that fits sun_path with its final zero byte, and the
// longest abstract name, for which "@" is a zero byte before it (unix(7)).
const maxPath = 107

// Parse reads one ADDRESS. Its errors carry exit.Usage, name the part that is
// wrong and show the form.
func Parse(text string) (Addr, error) {
	a, err := parse(text)
	if err != nil {
		return Addr{}, exit.Errorf(exit.Usage, "address %q: %w", text, err)
	}
	return a, nil
}

// ParseHostPort reads the netcat habit HOST PORT: two arguments, where an IPv6
// address needs no brackets. Errors are those of Parse.
func ParseHostPort(host, port string) (Addr, error) {
	a, err := hostAndPort(Addr{Network: "tcp"}, unbracket(host), port)
	if err != nil {
		return Addr{}, exit.Errorf(exit.Usage, "address %q: %w", host+" "+port, err)
	}
	return a, nil
}

func unbracket(host string) string {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok && strings.Contains(inner, ":") {
			return inner
		}
	}
	return host
}

// isKeyword reports whether word before the first colon is not a host.
func isKeyword(word string) bool {
	switch word {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "tls", "unix", "unixgram", "fd", "systemd":
		return true
	default:
		return false
	}
}

func parse(text string) (Addr, error) {
	if text == "" {
		return Addr{}, fmt.Errorf("is empty; the form is HOST:PORT")
	}
	if isPath(text) {
		return parsePath("unix", text)
	}
	if text == "systemd" {
		return Addr{Network: "systemd"}, nil
	}
	word, rest, found := strings.Cut(text, ":")
	if here := socatForm(word, rest); found && here != "" {
		return Addr{}, fmt.Errorf("that is socat's form; here it is %s", here)
	}
	if !found || !isKeyword(word) {
		return parseHostPort(Addr{Network: "tcp"}, text)
	}
	switch word {
	case "unix", "unixgram":
		return parsePath(word, rest)
	case "fd":
		return parseFD(rest)
	case "systemd":
		return parseName(rest)
	case "tls":
		return parseTLS(rest)
	default:
		return parseHostPort(Addr{Network: word}, rest)
	}
}

// socatForm is how an address of socat's, of which word is the type, is written here, or
// empty for what is none. Its types are words in capitals; host names are not.
func socatForm(word, rest string) string {
	rest, _, _ = strings.Cut(rest, ",")
	switch word {
	case "TCP", "TCP4", "TCP6", "TCP-CONNECT", "TCP4-CONNECT", "TCP6-CONNECT":
		return rest
	case "TCP-LISTEN", "TCP4-LISTEN", "TCP6-LISTEN", "TCP-L":
		return ":" + rest + ", with serve"
	case "UDP", "UDP4", "UDP6", "UDP-CONNECT", "UDP-SENDTO", "UDP-DATAGRAM":
		return "udp:" + rest
	case "UDP-LISTEN", "UDP4-LISTEN", "UDP6-LISTEN", "UDP-L", "UDP-RECVFROM":
		return "udp::" + rest + ", with serve"
	case "UNIX", "UNIX-CONNECT", "UNIX-CLIENT":
		return "unix:" + rest
	case "UNIX-LISTEN", "UNIX-L":
		return "unix:" + rest + ", with serve"
	case "OPENSSL", "SSL", "OPENSSL-CONNECT":
		return "tls:" + rest
	case "OPENSSL-LISTEN", "SSL-L":
		return "tls::" + rest + ", with serve"
	}
	return ""
}

func isPath(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../")
}

func parsePath(network, path string) (Addr, error) {
	switch {
	case path == "" || path == "@":
		return Addr{}, fmt.Errorf("the path is missing; the form is %s:/path or %s:@name", network, network)
	case len(strings.TrimPrefix(path, "@")) > maxPath:
		return Addr{}, fmt.Errorf("the path has %d bytes, a unix socket's has %d at most", len(strings.TrimPrefix(path, "@")), maxPath)
	case strings.ContainsRune(path, 0):
		return Addr{}, fmt.Errorf("the path holds a zero byte")
	}
	return Addr{Network: network, Path: path}, nil
}

func parseFD(text string) (Addr, error) {
	n, ok := number(text)
	if !ok || n > 1<<20 {
		return Addr{}, fmt.Errorf("%q is not a descriptor number; the form is fd:3", text)
	}
	return Addr{Network: "fd", FD: n}, nil
}

// parseName reads a descriptor name (sd_listen_fds_with_names(3)).
func parseName(name string) (Addr, error) {
	if name == "" || strings.Contains(name, ":") || !printable(name) {
		return Addr{}, fmt.Errorf("%q is not a socket name; the form is systemd or systemd:NAME", name)
	}
	return Addr{Network: "systemd", Name: name}, nil
}

// parseTLS reads what follows tls:, which may name a family, or sockets that were
// passed.
func parseTLS(rest string) (a Addr, err error) {
	word, after, _ := strings.Cut(rest, ":")
	switch {
	case word == "tcp" || word == "tcp4" || word == "tcp6":
		return parseHostPort(Addr{Network: word, TLS: true}, after)
	case rest == "systemd":
		a.Network = "systemd"
	case word == "systemd":
		a, err = parseName(after)
	case word == "fd":
		a, err = parseFD(after)
	case isKeyword(word):
		return a, fmt.Errorf("TLS works over TCP only; the form is tls:HOST:PORT")
	default:
		return parseHostPort(Addr{Network: "tcp", TLS: true}, rest)
	}
	a.TLS = true
	return a, err
}

// parseHostPort reads PORT, HOST:PORT or [V6]:PORT into a.
func parseHostPort(a Addr, text string) (Addr, error) {
	if _, digits := number(text); digits {
		a.Loopback = true
		return withPort(a, text)
	}
	if strings.HasPrefix(text, "[") {
		return parseBracketed(a, text)
	}
	host, port, found := strings.Cut(text, ":")
	switch {
	case !found:
		return a, fmt.Errorf("the port is missing; the form is HOST:PORT")
	case strings.HasPrefix(port, "//"):
		return a, fmt.Errorf("is a URL; the form is HOST:PORT")
	case strings.Contains(port, ":"):
		return a, fmt.Errorf("too many colons; an IPv6 address needs brackets, as in [::1]:7000")
	}
	return hostAndPort(a, host, port)
}

func parseBracketed(a Addr, text string) (Addr, error) {
	host, rest, found := strings.Cut(text[1:], "]")
	if !found {
		return a, fmt.Errorf(`"]" is missing; the form is [::1]:7000`)
	}
	port, colon := strings.CutPrefix(rest, ":")
	switch {
	case !strings.Contains(host, ":"):
		return a, fmt.Errorf("brackets are for IPv6 addresses, and %q is not one", host)
	case rest == "":
		return a, fmt.Errorf("the port is missing; the form is [::1]:7000")
	case !colon:
		return a, fmt.Errorf(`after "]" comes %q; the form is [::1]:7000`, rest)
	}
	return hostAndPort(a, host, port)
}

// hostAndPort fills in a host without brackets and a port.
func hostAndPort(a Addr, host, port string) (Addr, error) {
	if host == "*" {
		host = ""
	}
	a.Host = host
	if strings.Contains(host, ":") || endsInNumber(host) {
		ip, err := parseIP(a, host)
		if err != nil {
			return a, err
		}
		a.Host = ip.String()
	} else if err := checkName(host); err != nil {
		return a, err
	}
	return withPort(a, port)
}

func parseIP(a Addr, host string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(host)
	version := "IPv4"
	if strings.Contains(host, ":") {
		version = "IPv6"
	}
	if err != nil || !printable(host) {
		return ip, fmt.Errorf("%q is not an %s address", host, version)
	}
	if ip = ip.Unmap(); !a.allows(ip) {
		return ip, fmt.Errorf("%s is not an address for %s", ip, a.Network)
	}
	return ip, nil
}

// endsInNumber reports whether the last label of a host is a number: then it can
// only be an IPv4 address, right or wrong.
func endsInNumber(host string) bool {
	_, ok := number(host[strings.LastIndexByte(host, '.')+1:])
	return ok
}

func checkName(host string) error {
	if len(host) > 253 {
		return fmt.Errorf("the host name has %d bytes, 253 is the most", len(host))
	}
	for _, r := range host {
		if !isHostRune(r) {
			return fmt.Errorf("the host name %q holds %q", host, r)
		}
	}
	return nil
}

func isHostRune(r rune) bool {
	switch r {
	case '-', '_', '.':
		return true
	default:
		return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
	}
}

func withPort(a Addr, port string) (Addr, error) {
	if port == "" {
		return a, fmt.Errorf("the port is missing; the form is HOST:PORT")
	}
	n, digits := number(port)
	switch {
	case digits && n > 65535:
		return a, fmt.Errorf("port %s is out of range, 0 to 65535", port)
	case digits:
		a.Port = strconv.Itoa(n)
		return a, nil
	case !isService(port):
		return a, badPort(port)
	}
	a.Port = port
	return a, nil
}

func badPort(port string) error {
	if first := port[0]; first >= '0' && first <= '9' && strings.ContainsAny(port, ",-") {
		return fmt.Errorf("%q names several ports, which only probe takes", port)
	}
	return fmt.Errorf("port %q is neither a number nor a service name", port)
}

// isService reports whether port can be a name of services(5): it has a letter,
// and nothing but letters, digits and - _ . +
func isService(port string) bool {
	letter := false
	for _, c := range []byte(port) {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letter = true
		case '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '+':
		default:
			return false
		}
	}
	return letter
}

// number reads decimal digits and nothing else. A number too large is one that
// no range admits.
func number(text string) (int, bool) {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 1 << 30, text != ""
	}
	return n, true
}

func printable(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || r == ' ' || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

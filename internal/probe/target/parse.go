package target

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"os"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// List is the targets of a command line: ADDRESS…, @FILE (one target a line, #
// comments), @- for stdin, or exactly two arguments HOST PORTS.
type List struct {
	Args     []string
	Stdin    io.Reader
	MaxHosts int // that ranges of hosts may stand for in all
}

// DefaultMaxHosts is how many hosts ranges stand for, unless a user asks for more: a /16
// of IPv4.
const DefaultMaxHosts = 1 << 16

// All reads the targets, one a host. Errors carry exit.Usage, or exit.Local for a file
// that cannot be read.
func (l List) All() (all []Target, err error) {
	err = l.Each(func(t Target) error {
		all = append(all, t)
		return nil
	})
	return all, err
}

// Each is All for very many targets: it hands over one at a time, in order, and ends
// with the error of take, if there is one.
func (l List) Each(take func(Target) error) error {
	given, room := false, big.NewInt(int64(l.MaxHosts))
	spread := func(t Target) error {
		given = true
		if t.last.IsValid() && room.Sub(room, t.Count()).Sign() < 0 {
			return exit.Errorf(exit.Usage, "the hosts %s to %s are more than %d, or make more with those before; if that is meant, say --max-hosts", t.Addr.Host, t.last, l.MaxHosts)
		}
		for t := range t.Hosts() {
			if err := take(t); err != nil {
				return err
			}
		}
		return nil
	}
	if t, ok, err := parseHabit(l.Args); ok {
		if err != nil {
			return err
		}
		return spread(t)
	}
	for _, arg := range l.Args {
		if err := eachOf(arg, l.Stdin, spread); err != nil {
			return err
		}
	}
	if !given {
		return exit.Errorf(exit.Usage, "no target was given; the form is HOST:PORT")
	}
	return nil
}

// eachOf reads one argument: a target, or a list of them.
func eachOf(arg string, stdin io.Reader, take func(Target) error) error {
	if name, ok := strings.CutPrefix(arg, "@"); ok {
		return readList(name, stdin, take)
	}
	t, err := Parse(arg)
	if err != nil {
		return err
	}
	return take(t)
}

// parseHabit reads netcat's HOST PORT, where PORT may be a list. ok tells
// whether args have that form.
func parseHabit(args []string) (t Target, ok bool, err error) {
	if len(args) != 2 || !bareHost(args[0]) || !portList(args[1]) {
		return Target{}, false, nil
	}
	t, err = pair(args[0], args[1])
	return t, true, err
}

func pair(host, ports string) (Target, error) {
	ranges, err := ParsePorts(ports)
	if err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", host+" "+ports, err)
	}
	from, last, err := parseHosts(strings.Trim(host, "[]"))
	if err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", host+" "+ports, err)
	}
	if last.IsValid() {
		host = from.String()
	}
	first := fmt.Sprint(ranges[0].First)
	addr, err := socket.ParseHostPort(host, first)
	if err != nil {
		return Target{}, err
	}
	if addr.Host, err = asciiHost(addr.Host); err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", host+" "+ports, err)
	}
	return withPorts(Target{Addr: addr, last: last}, ranges), nil
}

// bareHost reports whether text can be the HOST of HOST PORT: a name or an IP
// without a port.
func bareHost(text string) bool {
	if strings.HasPrefix(text, "[") {
		return strings.HasSuffix(text, "]")
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	if strings.ContainsAny(text, "/@,") || digits(text) || portList(text) {
		return false
	}
	return !strings.Contains(text, ":") || strings.Count(text, ":") > 1 && !keyword(text)
}

// portList reports whether text is made of port numbers only.
func portList(text string) bool {
	return text != "" && strings.Trim(text, "0123456789,-") == "" && text[0] != '-'
}

func keyword(text string) bool {
	switch word, _, _ := strings.Cut(text, ":"); word {
	case "tcp", "tcp4", "tcp6", "tls", "unix", "unixgram", "udp", "udp4", "udp6", "icmp", "fd", "systemd":
		return true
	}
	return false
}

// readList reads the targets in a file, or on stdin when the name is "-".
func readList(name string, stdin io.Reader, take func(Target) error) error {
	from := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return exit.Errorf(exit.Local, "read targets: %w", err)
		}
		defer f.Close()
		from = f
	}
	lines, n := bufio.NewScanner(from), 1
	for ; lines.Scan(); n++ {
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // as some editors begin a file
		}
		t, ok, err := parseLine(line)
		if ok && err == nil {
			err = take(t)
		}
		if err != nil {
			return exit.Errorf(exit.Usage, "targets in %q, line %d: %w", name, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return exit.Errorf(exit.Usage, "targets in %q, line %d: has more than %d bytes", name, n, bufio.MaxScanTokenSize)
	case err != nil:
		return exit.Errorf(exit.Local, "read targets in %q, line %d: %w", name, n, err)
	}
	return nil
}

// parseLine reads one line of a list: ADDRESS or HOST PORTS.
func parseLine(line string) (t Target, ok bool, err error) {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	switch len(fields) {
	case 0:
		return Target{}, false, nil
	case 1:
		t, err = Parse(fields[0])
		return t, true, err
	}
	if t, ok, err := parseHabit(fields); ok {
		return t, true, err
	}
	return Target{}, false, fmt.Errorf("%q is not one target; the form is HOST:PORT or HOST PORT", line)
}

// Parse reads one target: an address that can be probed, whose port may be a
// list. Errors carry exit.Usage.
func Parse(text string) (Target, error) {
	head, list := splitList(text)
	if list == "" {
		return parseSingle(text)
	}
	ranges, err := ParsePorts(list)
	if err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	t, err := parseSingle(head + fmt.Sprint(ranges[0].First))
	if err != nil {
		return Target{}, err
	}
	return withPorts(t, ranges), nil
}

// isPath reports whether text is a unix socket's.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "unix:") || strings.HasPrefix(text, "unixgram:")
}

// splitList divides text before its list of ports; list is empty when there is
// none.
func splitList(text string) (head, list string) {
	if isPath(text) || strings.HasPrefix(text, "icmp:") {
		return text, ""
	}
	at := strings.LastIndexByte(text, ':') + 1
	if !isList(text[at:]) || strings.Contains(text[at:], "]") {
		return text, ""
	}
	return text[:at], text[at:]
}

// parseICMP reads the HOST of icmp:HOST, which has no port; text is all of it.
func parseICMP(text, host string) (Target, error) {
	wrong := func(err error) (Target, error) {
		if e, ok := errors.AsType[*exit.Error](err); ok && errors.Unwrap(e.Err) != nil {
			err = errors.Unwrap(e.Err)
		}
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	name, at, pinned := strings.Cut(host, "@")
	ip, err := netip.ParseAddr(strings.Trim(at, "[]"))
	if pinned && err != nil {
		return wrong(fmt.Errorf("behind \"@\" is no IP address; the form is icmp:NAME@IP"))
	}
	name = strings.Trim(name, "[]")
	first, last, err := parseHosts(name)
	switch {
	case err != nil:
		return wrong(err)
	case last.IsValid() && !pinned:
		name = first.String()
	case name == "":
		return wrong(fmt.Errorf("the host is missing; the form is icmp:HOST"))
	case strings.Contains(name, ":") && !first.IsValid():
		return wrong(fmt.Errorf("ICMP has no ports; the form is icmp:HOST"))
	}
	addr, err := socket.ParseHostPort(name, "0")
	if err == nil {
		addr.Host, err = asciiHost(addr.Host)
	}
	if err != nil {
		return wrong(err)
	}
	if _, err := netip.ParseAddr(addr.Host); err == nil && pinned {
		return wrong(fmt.Errorf("before \"@\" is no name; the form is icmp:NAME@IP"))
	}
	addr.Network, addr.Port, addr.At = "icmp", "", ip
	return Target{Addr: addr, last: last}, nil
}

// parseServiceName reads the name of a service, _ldap._tcp.example.com (RFC 2782), with tls:
// or a family before it. It has no port: SRV records have that.
func parseServiceName(text string) (addr socket.Addr, ok bool) {
	head := strings.LastIndexByte(text, ':') + 1
	name := text[head:]
	labels := strings.SplitN(name, ".", 3)
	if len(labels) < 3 || len(labels[0]) < 2 || labels[0][0] != '_' || labels[2] == "" {
		return addr, false
	}
	protocol, ok := strings.CutPrefix(strings.ToLower(labels[1]), "_")
	if !ok || protocol != "tcp" && protocol != "udp" {
		return addr, false
	}
	if head == 0 && protocol == "udp" {
		text = "udp:" + text
	}
	addr, err := socket.Parse(text + ":1")
	if err == nil {
		addr.Host, err = asciiHost(addr.Host)
	}
	addr.Port = ""
	return addr, err == nil && addr.Service()
}

// parseSingle reads a target with one port, a path, or an ICMP target.
func parseSingle(text string) (Target, error) {
	if host, ok := strings.CutPrefix(text, "icmp:"); ok {
		return parseICMP(text, host)
	}
	if at := strings.IndexByte(text, '@'); at >= 0 && !isPath(text) {
		return parsePinned(text, at)
	}
	if addr, ok := parseServiceName(text); ok {
		return Target{Addr: addr}, nil
	}
	single, last, err := cutHosts(text)
	if err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	addr, err := socket.Parse(single)
	if err != nil {
		return Target{}, err
	}
	switch {
	case !addr.Stream() && !addr.Datagram():
		return Target{}, exit.Errorf(exit.Usage, "target %q: probe asks TCP, UDP, ICMP and unix stream sockets only", text)
	case addr.Network == "unix":
		return Target{Addr: addr}, nil
	}
	if _, err = parsePort(addr.Port); err == nil {
		addr.Host, err = asciiHost(addr.Host)
	}
	if err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	return Target{Addr: addr, last: last}, nil
}

// parsePinned reads NAME@IP:PORT, where the "@" is at a place: a name that need not be
// looked up.
func parsePinned(text string, at int) (Target, error) {
	start := strings.LastIndexByte(text[:at], ':') + 1
	t, err := parseSingle(text[:start] + text[at+1:])
	if err != nil {
		return Target{}, err
	}
	ip, err := netip.ParseAddr(t.Addr.Host)
	if err != nil || t.last.IsValid() {
		return Target{}, exit.Errorf(exit.Usage, "target %q: behind \"@\" is no IP address; the form is NAME@IP:PORT", text)
	}
	named, err := socket.ParseHostPort(text[start:at], t.Addr.Port)
	if err != nil {
		return Target{}, err
	}
	if _, err := netip.ParseAddr(named.Host); err == nil || named.Host == "" {
		return Target{}, exit.Errorf(exit.Usage, "target %q: before \"@\" is no name; the form is NAME@IP:PORT", text)
	}
	t.Addr.At = ip
	if t.Addr.Host, err = asciiHost(named.Host); err != nil {
		return Target{}, exit.Errorf(exit.Usage, "target %q: %w", text, err)
	}
	return t, nil
}

func withPorts(t Target, ranges []Range) Target {
	if len(ranges) > 1 || ranges[0].First != ranges[0].Last {
		t.Ports = ranges
	}
	return t
}

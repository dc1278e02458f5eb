package tcpserver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nettool/internal/getopt"
	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// How much is said on standard error.
const (
	quiet = iota
	errorsOnly
	verbose
)

// options are what a command line says.
type options struct {
	printPort              bool
	verbosity              int
	killOptions, noDelay   bool
	host, paranoid, info   bool
	localHost              handoff.Word // in place of a name that is looked up
	timeout                time.Duration
	limit, backlog         int
	rules                  string
	laxRules               bool
	banner                 string
	uid, gid               string // numbers, or empty
	v6                     bool
	iface                  string
	hostArgument, portName string
	program                []string
}

// letters are the options, with those of the IPv6 patch: 4, 6 and I.
const letters = "dDvqQhHrR1UXx:t:u:g:l:b:B:c:pPoO46I:"

// usageError is what is wrong with a command line, with the end of its line; it may be empty.
type usageError string

func (e usageError) Error() string { return string(e) }

// parse reads a command line; getenv is asked for UID and GID. With an error it returns what
// comes before that.
func parse(args []string, getenv func(string) string) (*options, error) {
	o := &options{verbosity: errorsOnly, killOptions: true, host: true, info: true, timeout: 26 * time.Second, limit: 40, backlog: 20}
	given, rest, err := getopt.Spec{Letters: letters}.Parse(args)
	switch err := err.(type) {
	case getopt.Unknown:
		return o, usageError(fmt.Sprintf("tcpserver: illegal option -- %c\n", byte(err)))
	case getopt.Missing:
		return o, usageError(fmt.Sprintf("tcpserver: option requires an argument -- %c\n", byte(err)))
	}
	for _, one := range given {
		o.set(one, getenv)
	}
	if len(rest) < 3 {
		return o, usageError("")
	}
	o.hostArgument, o.portName, o.program = rest[0], rest[1], rest[2:]
	return o, nil
}

// set is one option.
func (o *options) set(one getopt.Option, getenv func(string) string) {
	switch one.Letter {
	case 'b':
		o.backlog = int(number(one.Value))
	case 'c':
		o.limit = int(number(one.Value))
	case 't':
		o.timeout = time.Duration(min(number(one.Value), 1<<31)) * time.Second
	case 'u':
		o.uid = id(one.Value)
	case 'g':
		o.gid = id(one.Value)
	case 'U':
		if uid := getenv("UID"); uid != "" {
			o.uid = id(uid)
		}
		if gid := getenv("GID"); gid != "" {
			o.gid = id(gid)
		}
	case 'x':
		o.rules = one.Value
	case 'X':
		o.laxRules = true
	case 'B':
		o.banner = one.Value
	case 'l':
		o.localHost = handoff.Word{Text: one.Value, Known: true}
	case 'I':
		o.iface = one.Value
	default:
		o.toggle(one.Letter)
	}
}

// toggle is an option without a value.
func (o *options) toggle(letter byte) {
	switch letter {
	case '1':
		o.printPort = true
	case 'v':
		o.verbosity = verbose
	case 'q':
		o.verbosity = quiet
	case 'Q':
		o.verbosity = errorsOnly
	case 'p', 'P':
		o.paranoid = letter == 'p'
	case 'h', 'H':
		o.host = letter == 'h'
	case 'r', 'R':
		o.info = letter == 'r'
	case 'o', 'O':
		o.killOptions = letter == 'O'
	case 'd', 'D':
		o.noDelay = letter == 'D'
	case '6':
		o.v6 = true
	}
}

// number is what a text begins with, as scan_ulong has it: zero if that is no digit.
func number(text string) uint64 {
	n := uint64(0)
	for i := 0; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n = n*10 + uint64(text[i]-'0')
	}
	return n
}

// id is a user's or a group's number; zero is none.
func id(text string) string {
	if n := number(text); n != 0 {
		return strconv.FormatUint(n, 10)
	}
	return ""
}

// fatal is an error in tcpserver's own words.
type fatal string

func (f fatal) Error() string { return string(f) }

// address is where to listen.
func (o *options) address(ctx context.Context) (socket.Addr, error) {
	port, err := o.port(ctx)
	if err != nil {
		return socket.Addr{}, err
	}
	a := socket.Addr{Network: "tcp4", Port: strconv.Itoa(port)}
	if o.hostArgument == "" || o.hostArgument == "0" {
		a.Host = "0.0.0.0"
		if o.v6 {
			a.Network, a.Host = "tcp", ""
		}
		return a, nil
	}
	ip, err := o.resolve(ctx)
	if err != nil {
		return a, err
	}
	if a.Host = ip.String(); ip.Is6() {
		a.Network = "tcp"
		if ip.IsUnspecified() {
			a.Host = ""
		}
	}
	return a, nil
}

// port is a number, of which there are 65536, whatever it says, or a service's.
func (o *options) port(ctx context.Context) (int, error) {
	if n := number(o.portName); o.portName != "" && strings.Trim(o.portName, "0123456789") == "" {
		return int(uint16(n)), nil
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", o.portName)
	if err != nil || o.portName == "" {
		return 0, fatal("unable to figure out port number for " + o.portName)
	}
	return port, nil
}

// resolve is the host's address, the first of IPv4 if it is a name.
func (o *options) resolve(ctx context.Context) (netip.Addr, error) {
	if ip, ok := dotted(o.hostArgument); ok {
		return ip, nil
	}
	if ip, err := netip.ParseAddr(o.hostArgument); err == nil && ip.Is6() {
		return ip, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", o.hostArgument)
	if dns, ok := err.(*net.DNSError); ok && !dns.IsNotFound {
		return netip.Addr{}, fatal("temporarily unable to figure out IP address for " + o.hostArgument + ": timed out")
	}
	if err != nil || len(ips) == 0 {
		return netip.Addr{}, fatal("no IP address for " + o.hostArgument)
	}
	return ips[0].Unmap(), nil
}

// dotted reads an address as dns_ip4 does: four decimal numbers, zeros before them or not,
// each cut to a byte, between brackets or not.
func dotted(text string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if text, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, part := range parts {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return netip.Addr{}, false
		}
		b[i] = byte(number(part))
	}
	return netip.AddrFrom4(b), true
}

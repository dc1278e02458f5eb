package tcpclient

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"nettool/internal/getopt"
)

// What -q, -Q and -v set: nothing is said, failures are, success is too.
const (
	quiet = iota
	normal
	verbose
)

// options are a command line.
type options struct {
	verbosity  int
	four, six  bool // -4 and -6; without either it is -4
	noDelay    bool
	remoteHost bool // look the name up
	remoteInfo bool // ask for it
	localHost  *string
	localIP    netip.Addr // may be invalid: any
	localPort  uint16
	rounds     []time.Duration
	infoTime   time.Duration

	host, port string
	program    []string
}

// misuse is a command line that cannot be run, and what is said before the usage.
type misuse struct {
	complaint string
	silent    bool // -q silences the usage, too
}

func (m *misuse) Error() string { return m.complaint }

// usual are the options of a command line without any.
func usual() *options {
	return &options{
		verbosity: normal, remoteHost: true, remoteInfo: true,
		rounds: []time.Duration{2 * time.Second, 58 * time.Second}, infoTime: 26 * time.Second,
	}
}

// parse reads a command line. Its errors are *misuse.
func parse(args []string) (*options, error) {
	o := usual()
	given, rest, err := getopt.Spec{Letters: "46dDvqQhHrRi:p:t:T:l:"}.Parse(args)
	for _, option := range given {
		if !o.set(option) {
			return o, &misuse{}
		}
	}
	if unknown, ok := errors.AsType[getopt.Unknown](err); ok {
		return o, &misuse{complaint: fmt.Sprintf("tcpclient: illegal option -- %c", unknown)}
	}
	if missing, ok := errors.AsType[getopt.Missing](err); ok {
		return o, &misuse{complaint: fmt.Sprintf("tcpclient: option requires an argument -- %c", missing)}
	}
	if len(rest) < 2 {
		return o, o.missing()
	}
	if o.localIP.IsValid() && !o.allows(o.localIP) {
		return o, &misuse{}
	}
	o.host, o.port, o.program = rest[0], rest[1], rest[2:]
	return o, nil
}

// missing is that an argument is.
func (o *options) missing() *misuse { return &misuse{silent: o.verbosity == quiet} }

// allows reports whether -4 and -6 let an address be connected from.
func (o *options) allows(ip netip.Addr) bool {
	if ip.Is4() {
		return o.four || !o.six
	}
	return o.six
}

// set takes an option. It is false for a value that is none.
func (o *options) set(option getopt.Option) bool {
	switch option.Letter {
	case 'q':
		o.verbosity = quiet
	case 'Q':
		o.verbosity = normal
	case 'v':
		o.verbosity = verbose
	case '4':
		o.four = true
	case '6':
		o.six = true
	case 'd', 'D':
		o.noDelay = option.Letter == 'D'
	case 'h', 'H':
		o.remoteHost = option.Letter == 'h'
	case 'r', 'R':
		o.remoteInfo = option.Letter == 'r'
	case 'l':
		o.localHost = &option.Value
	default:
		return o.setNumber(option)
	}
	return true
}

// setNumber takes an option whose value is an address or begins with a number, which is zero
// without digits.
func (o *options) setNumber(option getopt.Option) (ok bool) {
	number, rest := digits(option.Value)
	switch option.Letter {
	case 'i':
		ip, err := netip.ParseAddr(option.Value)
		o.localIP = ip.Unmap()
		return err == nil
	case 'p':
		o.localPort = uint16(number)
		return number <= math.MaxUint16
	case 't':
		o.infoTime = seconds(number)
	case 'T':
		o.rounds = []time.Duration{seconds(number)}
		if rest != "" && rest[0] == '+' {
			if more, _ := digits(rest[1:]); more > 0 {
				o.rounds = append(o.rounds, seconds(more))
			}
		}
	}
	return true
}

// digits reads the number at the beginning of text, math.MaxInt32 at most.
func digits(text string) (n uint64, rest string) {
	for text != "" && text[0] >= '0' && text[0] <= '9' {
		n, text = min(n*10+uint64(text[0]-'0'), math.MaxInt32), text[1:]
	}
	return n, text
}

func seconds(n uint64) time.Duration { return time.Duration(n) * time.Second }

// address is where to connect to, in connect's words. An empty host, or "0", is this machine.
// ok is false for a port that there is none of, without DNS.
func (o *options) address() (address string, ok bool) {
	network := "tcp4"
	switch {
	case o.four && o.six:
		network = "tcp"
	case o.six:
		network = "tcp6"
	}
	port, rest := digits(o.port)
	if rest != "" {
		service, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", o.port)
		if err != nil || !startsName(o.port) {
			return "", false
		}
		port = uint64(service)
	}
	if port > math.MaxUint16 {
		return "", false
	}
	host := o.host
	if host == "" || host == "0" {
		host = "127.0.0.1"
		if network == "tcp6" {
			host = "::1"
		}
	}
	return network + ":" + net.JoinHostPort(host, strconv.FormatUint(port, 10)), true
}

// startsName reports whether text can be a service's name: LookupPort takes more.
func startsName(text string) bool {
	c := text[0]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// source is where to connect from, in connect's words; empty if that is left to the system.
func (o *options) source() string {
	port := strconv.Itoa(int(o.localPort))
	switch {
	case o.localIP.IsValid() && !o.localIP.IsUnspecified():
		return net.JoinHostPort(o.localIP.String(), port)
	case o.localPort != 0:
		return port
	}
	return ""
}

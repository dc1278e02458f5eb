package nc

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"nettool/internal/getopt"
	"nettool/internal/terminal"
)

// flags are a command line in plain values.
type flags struct {
	family             byte // '4', '6' or 0
	broadcast          bool // -b
	crlf               bool // -C
	debug              bool // -D
	noStdin            bool // -d
	pass               bool // -F
	help               bool // -h
	rcvbuf, sndbuf     int  // -I, -O
	interval           time.Duration
	keep, listen       bool // -k, -l
	ttl, minTTL        int
	shutdown           bool // -N
	numeric            bool // -n
	proxyUser          string
	sourcePort         string
	source             string
	sourced            bool          // there is a -s
	quit               time.Duration // -q; below zero is never
	random             bool
	md5                string // -S
	tos                int    // -1 is none
	telnet             bool
	unix, udp          bool
	verbose            bool
	most               int64         // -W; 0 is no limit
	timeout            time.Duration // -w; below zero is none
	proxyKind, proxyAt string
	dccp, zero         bool

	host  string
	hosts int // how many addresses there are: none, or one
	ports []string
}

// errUsage means that the synopsis says what is wrong.
var errUsage = errors.New("usage")

// parse reads a command line; the first thing that is wrong is the error, in nc's words.
func parse(args []string) (*flags, error) {
	f := &flags{tos: -1, ttl: -1, timeout: -1, quit: -1}
	options, rest, bad := getopt.Spec{Letters: letters, Mixed: true}.Parse(args)
	for _, o := range options {
		if err := f.set(o); err != nil {
			return f, err
		}
		if f.help {
			return f, nil
		}
	}
	if bad != nil {
		return f, bad
	}
	return f, f.place(rest)
}

// set takes one option.
func (f *flags) set(o getopt.Option) error {
	if mark := f.mark(o.Letter); mark != nil {
		*mark = true
		return nil
	}
	switch o.Letter {
	case '4', '6':
		f.family = o.Letter
	case 'P':
		f.proxyUser = o.Value
	case 'p':
		f.sourcePort = o.Value
	case 's':
		f.source, f.sourced = o.Value, true
	case 'x':
		f.proxyAt = o.Value
	case 'S':
		return f.setKey()
	case 'X':
		return f.setProxyKind(o.Value)
	case 'V':
		return errors.New("no alternate routing table support available")
	case 'T':
		var ok bool
		if f.tos, ok = tos(o.Value); !ok {
			return fmt.Errorf("illegal tos value %s", o.Value)
		}
	default:
		return f.setNumber(o.Letter, o.Value)
	}
	return nil
}

// mark is the flag of an option that has no value, or nil.
func (f *flags) mark(letter byte) *bool {
	switch letter {
	case 'b':
		return &f.broadcast
	case 'C':
		return &f.crlf
	case 'D':
		return &f.debug
	case 'd':
		return &f.noStdin
	case 'F':
		return &f.pass
	case 'h':
		return &f.help
	case 'k':
		return &f.keep
	case 'l':
		return &f.listen
	case 'N':
		return &f.shutdown
	case 'n':
		return &f.numeric
	case 'r':
		return &f.random
	case 't':
		return &f.telnet
	case 'U':
		return &f.unix
	case 'u':
		return &f.udp
	case 'v':
		return &f.verbose
	case 'Z':
		return &f.dccp
	case 'z':
		return &f.zero
	}
	return nil
}

// longestSeconds is the longest time of -w.
const longestSeconds = math.MaxInt32 / 1000

// setNumber takes an option whose value is a number.
func (f *flags) setNumber(letter byte, text string) (err error) {
	var n int64
	switch letter {
	case 'I':
		n, err = ranged("TCP receive window %s: %s", text, 1, 1<<30)
		f.rcvbuf = int(n)
	case 'O':
		n, err = ranged("TCP send window %s: %s", text, 1, 1<<30)
		f.sndbuf = int(n)
	case 'i':
		n, err = ranged("interval %s: %s", text, 0, math.MaxUint32)
		f.interval = time.Duration(n) * time.Second
	case 'M':
		n, err = ranged("ttl is %s", text, 0, 255)
		f.ttl = int(n)
	case 'm':
		n, err = ranged("minttl is %s", text, 0, 255)
		f.minTTL = int(n)
	case 'q':
		n, err = ranged("quit timer %s: %s", text, math.MinInt32, math.MaxInt32)
		f.quit = time.Duration(n) * time.Second
	case 'W':
		f.most, err = ranged("receive limit %s: %s", text, 1, math.MaxInt32)
	case 'w':
		n, err = ranged("timeout %s: %s", text, 0, longestSeconds)
		f.timeout = time.Duration(n) * time.Second
	}
	return err
}

// ranged is number with an error of the form that format gives: what is wrong, and, if it
// has room for that, the text.
func ranged(format, text string, low, high int64) (int64, error) {
	n, err := number(text, low, high)
	switch {
	case err == nil:
		return n, nil
	case format[len(format)-4:] == ": %s":
		return 0, fmt.Errorf(format, err, text)
	}
	return 0, fmt.Errorf(format, err)
}

// setProxyKind takes -X.
func (f *flags) setProxyKind(text string) error {
	switch {
	case strings.EqualFold(text, "connect"):
		f.proxyKind = "connect"
	case text == "4" || text == "5":
		f.proxyKind = text
	default:
		return errors.New("unsupported proxy protocol")
	}
	return nil
}

// setKey asks for the key of -S.
func (f *flags) setKey() error {
	key, err := terminal.Password("TCP MD5SIG password: ")
	if err != nil {
		return verbatim("Unable to read TCP MD5SIG password")
	}
	f.md5 = key
	return nil
}

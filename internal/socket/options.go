package socket

import (
	"io/fs"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"nettool/internal/exit"
)

// defaultKeepAlive is the idle time before the first keepalive probe.
const defaultKeepAlive = 60 * time.Second

// minDeadPeer is the shortest bound on a vanished peer: the kernel counts
// keepalive in whole seconds, and needs one to ask and one to wait.
const minDeadPeer = 2 * time.Second

// maxKeepAlive is the longest time between two keepalive probes (net/tcp.h:
// MAX_TCP_KEEPIDLE), and maxDeadPeer the longest that four of them make.
const (
	maxKeepAlive = 32767 * time.Second
	maxDeadPeer  = 4 * maxKeepAlive
)

// Options are the socket options that Listen and Dial share. In each field zero
// is the default and negative is off.
type Options struct {
	KeepAlive   time.Duration  // idle time before the first keepalive probe, default 60 s; further probes at the kernel's interval
	DeadPeer    time.Duration  // how long a peer that should answer may be silent, 2 s or more; it is given up at most 1 s + DeadPeer/4 later. Default: when keepalive finds out
	DeferAccept time.Duration  // Listen: TCP_DEFER_ACCEPT, whole seconds rounded up
	Backlog     int            // Listen: default somaxconn
	ReusePort   bool           // Listen: SO_REUSEPORT
	RcvBuf      int            // SO_RCVBUF, bytes
	SndBuf      int            // SO_SNDBUF, bytes
	DSCP        int            // 1 to 63: the upper six bits of the TOS or traffic class byte (RFC 2474)
	TOS         int            // 1 to 255: that whole byte, in place of DSCP
	Interface   string         // SO_BINDTODEVICE
	TTL         int            // hops that packets live, 1 to 255; multicast has 1 by default
	MinTTL      int            // packets that arrive with fewer hops left are dropped, 1 to 255 (RFC 5082)
	MD5         string         // key that signs the segments to and from the peer, or all peers of a listener (RFC 2385)
	Debug       bool           // SO_DEBUG
	Broadcast   bool           // Dial: datagrams go to a broadcast address, and answers come from anybody
	NoDelay     int            // TCP_NODELAY: zero is on; Accept of the net package turns it on whatever was inherited
	Source      netip.AddrPort // Dial: local address; zero leaves it to the kernel, and a port alone the IP
	Source6     netip.AddrPort // Dial: local address for IPv6 peers, if Source is one for IPv4
	SourcePath  string         // Dial: name of a unix socket; removed if connecting fails, otherwise the caller's to remove
	Mode        fs.FileMode    // unix listeners: mode of the socket file; zero leaves it to the umask
	Owner       string         // unix listeners: owner of the socket file, "user", "user:group" or ":group", names or numbers
}

// Check returns what is wrong with the options, whatever the address. Listen and
// Dial call it; its errors carry exit.Usage.
func (o Options) Check() error {
	if o.DeadPeer > 0 && o.DeadPeer < minDeadPeer {
		return exit.Errorf(exit.Usage, "dead peer %v: is below %v, the shortest that keepalive can notice", o.DeadPeer, minDeadPeer)
	}
	if o.DeadPeer > maxDeadPeer {
		return exit.Errorf(exit.Usage, "dead peer %v: is above %v, the longest that keepalive can take", o.DeadPeer, maxDeadPeer)
	}
	if o.TTL < 0 || o.TTL > 255 {
		return exit.Errorf(exit.Usage, "ttl %d: is out of range, 1 to 255", o.TTL)
	}
	if o.DSCP > 63 {
		return exit.Errorf(exit.Usage, "dscp %d: is out of range, 0 to 63", o.DSCP)
	}
	return nil
}

// keepAlive is what to set: the idle time, the interval (zero: the kernel's)
// and the user timeout (zero: none). on is false if keepalive is off.
type keepAlive struct {
	on             bool
	idle, interval time.Duration // whole seconds
	userTimeout    time.Duration
}

// keepAlive works out the timers. With DeadPeer, TCP_USER_TIMEOUT is the bound
// itself: the kernel ends a connection only when that has passed. It looks when
// a probe is due (the user timeout overrides the probe count), so an idle
// connection ends with the first probe that is not before DeadPeer; one with
// unacknowledged data, or a shut window, at the first retransmission plus
// DeadPeer (tcp(7)).
func (o Options) keepAlive() keepAlive {
	k := keepAlive{on: o.KeepAlive >= 0, idle: atLeastSecond(o.KeepAlive)}
	if o.KeepAlive == 0 {
		k.idle = defaultKeepAlive
	}
	if o.DeadPeer <= 0 {
		return k
	}
	quarter := atLeastSecond(o.DeadPeer / 4)
	if !k.on || k.idle > quarter {
		k.idle = quarter
	}
	rest := o.DeadPeer - k.idle
	probes := divideUp(rest, quarter)
	k.on, k.interval, k.userTimeout = true, atLeastSecond(divideUp(rest, time.Duration(probes))+time.Second-1), o.DeadPeer
	return k
}

// divideUp is the quotient, rounded up.
func divideUp(a, b time.Duration) time.Duration { return (a + b - 1) / b }

// atLeastSecond is d in whole seconds, within what the kernel takes.
func atLeastSecond(d time.Duration) time.Duration {
	return min(max(d.Truncate(time.Second), time.Second), maxKeepAlive)
}

// control is the hook of net.Dialer and net.ListenConfig that sets every option
// between socket(2) and connect(2) or bind(2).
func (o Options) control(listening bool) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, c syscall.RawConn) error {
		var inner error
		if err := c.Control(func(fd uintptr) { inner = o.apply(fd, network, listening) }); err != nil {
			return err
		}
		if inner == nil && o.MD5 != "" {
			return o.sign(c, network, address, listening)
		}
		return inner
	}
}

func isTCPNetwork(network string) bool  { return strings.HasPrefix(network, "tcp") }
func isUnixNetwork(network string) bool { return strings.HasPrefix(network, "unix") }

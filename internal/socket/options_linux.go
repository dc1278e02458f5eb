package socket

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// setter sets options one after the other until one fails.
type setter struct {
	fd  int
	err error
}

func (s *setter) set(name string, level, option, value int) {
	if s.err != nil {
		return
	}
	if err := unix.SetsockoptInt(s.fd, level, option, value); err != nil {
		s.err = &optionError{name, err}
	}
}

// apply sets the options of a fresh socket, before bind(2) or connect(2).
// network is the net package's word for the kind of socket. Accepted sockets
// inherit everything that is set here (tcp(7), socket(7)).
func (o Options) apply(fd uintptr, network string, listening bool) error {
	s := &setter{fd: int(fd)}
	o.applyBuffers(s)
	if o.Debug {
		s.set("SO_DEBUG", unix.SOL_SOCKET, unix.SO_DEBUG, 1)
	}
	if isUnixNetwork(network) {
		o.autobind(s, network, listening)
		return s.err
	}
	if listening && o.ReusePort {
		s.set("SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	o.applyInterface(s)
	o.applySource(s)
	o.applyDSCP(s, strings.HasSuffix(network, "6"))
	o.applyTTL(s, strings.HasSuffix(network, "6"), !isTCPNetwork(network))
	if isTCPNetwork(network) {
		o.applyTCP(s, listening)
	}
	return s.err
}

func (o Options) applyBuffers(s *setter) {
	if o.RcvBuf > 0 {
		s.set("SO_RCVBUF", unix.SOL_SOCKET, unix.SO_RCVBUF, o.RcvBuf)
	}
	if o.SndBuf > 0 {
		s.set("SO_SNDBUF", unix.SOL_SOCKET, unix.SO_SNDBUF, o.SndBuf)
	}
}

// autobind gives a datagram client an address in the abstract namespace, so
// that the peer can answer (unix(7), "Autobind feature").
func (o Options) autobind(s *setter, network string, listening bool) {
	if network != "unixgram" || listening || o.SourcePath != "" || s.err != nil {
		return
	}
	if err := unix.Bind(s.fd, &unix.SockaddrUnix{}); err != nil {
		s.err = err
	}
}

func (o Options) applyInterface(s *setter) {
	if o.Interface == "" || s.err != nil {
		return
	}
	if err := unix.BindToDevice(s.fd, o.Interface); err != nil {
		s.err = &optionError{"SO_BINDTODEVICE " + o.Interface, err}
	}
}

// applySource lets many connections share a source port while their peers
// differ (IP_BIND_ADDRESS_NO_PORT), and a chosen port be used again at once.
func (o Options) applySource(s *setter) {
	if o.Source == (netip.AddrPort{}) {
		return
	}
	if o.Source.Port() == 0 {
		s.set("IP_BIND_ADDRESS_NO_PORT", unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	} else {
		s.set("SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
}

// applyDSCP marks both families on an IPv6 socket, which may carry IPv4 too.
func (o Options) applyDSCP(s *setter, v6 bool) {
	tos := o.TOS
	if tos <= 0 {
		tos = o.DSCP << 2
	}
	if tos <= 0 {
		return
	}
	s.set("IP_TOS", unix.IPPROTO_IP, unix.IP_TOS, tos)
	if v6 {
		s.set("IPV6_TCLASS", unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
	}
}

// applyTTL limits the hops of packets to one and, unless it is a stream's socket, to many,
// ip(7), of both families on an IPv6 socket.
func (o Options) applyTTL(s *setter, v6, many bool) {
	o.applyMinTTL(s, v6)
	if o.TTL <= 0 {
		return
	}
	s.set("IP_TTL", unix.IPPROTO_IP, unix.IP_TTL, o.TTL)
	if v6 {
		s.set("IPV6_UNICAST_HOPS", unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, o.TTL)
	}
	if many {
		s.set("IP_MULTICAST_TTL", unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, o.TTL)
	}
	if many && v6 {
		s.set("IPV6_MULTICAST_HOPS", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, o.TTL)
	}
}

// applyMinTTL drops packets that come from too far, ip(7), of both families on an IPv6
// socket.
func (o Options) applyMinTTL(s *setter, v6 bool) {
	if o.MinTTL <= 0 {
		return
	}
	s.set("IP_MINTTL", unix.IPPROTO_IP, unix.IP_MINTTL, o.MinTTL)
	if v6 {
		s.set("IPV6_MINHOPCOUNT", unix.IPPROTO_IPV6, unix.IPV6_MINHOPCOUNT, o.MinTTL)
	}
}

func (o Options) applyTCP(s *setter, listening bool) {
	if o.NoDelay >= 0 {
		s.set("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if listening && o.DeferAccept > 0 {
		s.set("TCP_DEFER_ACCEPT", unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, seconds(o.DeferAccept+time.Second-1))
	}
	k := o.keepAlive()
	if !k.on {
		return
	}
	s.set("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	s.set("TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds(k.idle))
	if k.interval > 0 {
		s.set("TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds(k.interval))
		s.set("TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(k.userTimeout.Milliseconds()))
	}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// listenAgain gives a listening socket another backlog: listen(2) may be called
// again for that.
func listenAgain(fd uintptr, backlog int) error {
	return unix.Listen(int(fd), max(backlog, 0))
}

package attempt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
)

// EchoRequests reports whether icmp: targets work on this system.
const EchoRequests = true

// listenForErrors is hearErrors for a net.Conn.
func listenForErrors(c syscall.RawConn, is6 bool) (err error) {
	if failed := c.Control(func(fd uintptr) { err = hearErrors(int(fd), is6) }); failed != nil {
		return failed
	}
	return err
}

// errorsHeard is heard for a net.Conn.
func errorsHeard(c syscall.RawConn) (e *ICMPError) {
	c.Control(func(fd uintptr) { e = heard(int(fd)) })
	return e
}

// pinger sends one echo request, and knows its reply.
type pinger struct {
	fd      int
	file    *os.File // owns fd
	is6     bool
	raw     bool   // a raw socket: the kernel gives it everybody's packets
	request []byte // with its header
	began   time.Time
}

// headerSize is the size of an echo request's header (RFC 792, RFC 4443).
const headerSize = 8

// maxIPHeader is the size of the longest IP header that a raw socket has before a packet.
const maxIPHeader = 60

// echoRequest asks by ICMP. The round trip is from one of the kernel's time stamps to
// the other.
func (s *Spec) echoRequest(ctx context.Context, q question, at netip.AddrPort) (a answer, err error) {
	p, err := newPinger(!at.Addr().Is4(), q.bytes)
	if err != nil {
		return a, err
	}
	defer p.file.Close()
	if err := s.prepare(p, at); err != nil {
		return a, err
	}
	a.own = own(p.fd) == at.Addr().WithZone("")
	stop := context.AfterFunc(ctx, func() { p.file.SetDeadline(over()) })
	defer stop()
	received, err := p.exchange()
	if err != nil {
		a.icmp = p.heard()
		if errors.Is(err, unix.EMSGSIZE) {
			err = &tooBig{len(p.request) + p.ipHeader(), p.pathMTU()} // as a router has said
		}
		return a, cut(ctx, err)
	}
	a.rtt = p.roundTrip(received)
	if s.DontFragment {
		a.mtu = p.pathMTU()
	}
	return a, nil
}

// newPinger opens a ping socket, or a raw one where the system keeps those for others
// (icmp(7), ping_group_range).
func newPinger(is6 bool, payload []byte) (*pinger, error) {
	p := &pinger{is6: is6, request: make([]byte, headerSize, headerSize+len(payload))}
	rand.Read(p.request[4:]) // the identifier, which a ping socket replaces, and the sequence number
	p.request[0] = icmpEcho
	family, proto := unix.AF_INET, unix.IPPROTO_ICMP
	if is6 {
		family, proto = unix.AF_INET6, unix.IPPROTO_ICMPV6
		p.request[0] = icmp6EchoRequest
	}
	p.request = append(p.request, payload...)
	flags := unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|flags, proto)
	if err == unix.EACCES || err == unix.EPERM || err == unix.EPROTONOSUPPORT {
		fd, err = unix.Socket(family, unix.SOCK_RAW|flags, proto)
		p.raw = true
	}
	switch err {
	case nil:
	case unix.EACCES, unix.EPERM:
		return nil, exit.Errorf(exit.Local, "no ping socket: this group is not in net.ipv4.ping_group_range (sysctl), and a raw socket needs CAP_NET_RAW")
	default:
		return nil, os.NewSyscallError("socket", err)
	}
	p.fd, p.file = fd, os.NewFile(uintptr(fd), "icmp")
	if p.raw && !is6 {
		binary.BigEndian.PutUint16(p.request[2:], checksum(p.request))
	}
	return p, nil
}

// Types of messages (RFC 792, RFC 4443).
const (
	icmpEcho         = 8
	icmp6EchoRequest = 128
	icmp6EchoReply   = 129
)

// checksum is the internet checksum of a packet whose own field is zero (RFC 1071).
func checksum(packet []byte) uint16 {
	var sum uint32
	for len(packet) > 1 {
		sum += uint32(binary.BigEndian.Uint16(packet))
		packet = packet[2:]
	}
	if len(packet) == 1 {
		sum += uint32(packet[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// prepare sets the socket's options and its peer.
func (s *Spec) prepare(p *pinger, at netip.AddrPort) error {
	if err := hearErrors(p.fd, p.is6); err != nil {
		return err
	}
	if err := s.From.BindFD(p.fd, at.Addr()); err != nil {
		return err
	}
	if s.DontFragment {
		level, option, value := unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO
		if p.is6 {
			level, option, value = unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO
		}
		if err := unix.SetsockoptInt(p.fd, level, option, value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	// Without them, this process's own clock is used.
	unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_SOFTWARE|unix.SOF_TIMESTAMPING_RX_SOFTWARE|unix.SOF_TIMESTAMPING_TX_SOFTWARE|unix.SOF_TIMESTAMPING_OPT_TSONLY)
	sa, _ := sockaddr(at)
	return os.NewSyscallError("connect", syscall.Connect(p.fd, sa))
}

// exchange sends the request and waits for its reply. It returns when the kernel has
// received that, or a zero time when it does not say so.
func (p *pinger) exchange() (received time.Time, err error) {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return received, err
	}
	p.began = time.Now()
	if err := p.send(); err != nil {
		return received, err
	}
	got, control := make([]byte, maxIPHeader+len(p.request)+1), make([]byte, 512) // what is longer is no reply
	var failed error
	err = raw.Read(func(uintptr) bool {
		for {
			n, size, _, _, err := unix.Recvmsg(p.fd, got, control, unix.MSG_DONTWAIT)
			switch {
			case err == unix.EAGAIN:
				return false
			case err == unix.EINTR:
				continue
			case err != nil:
				failed = os.NewSyscallError("recvmsg", err)
				return true
			case p.answers(got[:n]):
				received, _ = timeStamp(control[:size])
				return true
			}
		}
	})
	if err == nil {
		err = failed
	}
	return received, err
}

// send sends the request.
func (p *pinger) send() error {
	_, err := unix.Write(p.fd, p.request)
	if err == unix.EMSGSIZE {
		return &tooBig{len(p.request) + p.ipHeader(), p.pathMTU()}
	}
	return os.NewSyscallError("write", err)
}

// ipHeader is the size of the IP header before the request.
func (p *pinger) ipHeader() int {
	if p.is6 {
		return 40
	}
	return 20
}

// pathMTU is what the kernel knows of the path to the peer, or zero.
func (p *pinger) pathMTU() int {
	level, option := unix.SOL_IP, unix.IP_MTU
	if p.is6 {
		level, option = unix.SOL_IPV6, unix.IPV6_MTU
	}
	mtu, _ := unix.GetsockoptInt(p.fd, level, option)
	return mtu
}

// answers reports whether a packet is the reply. The kernel has looked at its checksum
// and, of a ping socket, at its identifier.
func (p *pinger) answers(packet []byte) bool {
	if p.raw && !p.is6 { // comes with its IP header
		if len(packet) == 0 || len(packet) < 4*int(packet[0]&15) {
			return false
		}
		packet = packet[4*int(packet[0]&15):]
	}
	reply := byte(0)
	if p.is6 {
		reply = icmp6EchoReply
	}
	if len(packet) < headerSize || packet[0] != reply || p.raw && !bytes.Equal(packet[4:6], p.request[4:6]) {
		return false
	}
	return bytes.Equal(packet[6:], p.request[6:])
}

// heard is what ICMP has said of the request, or nil: a raw socket hears of others', too.
func (p *pinger) heard() *ICMPError {
	_, e := queue(p.fd, p.mine)
	return e
}

// roundTrip is how long the reply took: from the kernel's time of sending to that of
// receiving, or to now where it has none.
func (p *pinger) roundTrip(received time.Time) time.Duration {
	took := time.Since(p.began)
	sent, _ := queue(p.fd, p.mine)
	if d := received.Sub(sent); !received.IsZero() && !sent.IsZero() && d > 0 && d < took {
		return d
	}
	return took
}

// mine reports whether an error's packet, from its ICMP header on, is the request. An
// error need not hold all of it. A ping socket hears of its own only.
func (p *pinger) mine(packet []byte) bool {
	return !p.raw || len(packet) < headerSize || bytes.Equal(packet[4:8], p.request[4:8])
}

// timeStamp is a struct scm_timestamping's time in software.
func timeStamp(control []byte) (time.Time, bool) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}, false
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPING && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			var at unix.Timespec
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&at)), unsafe.Sizeof(at)), m.Data)
			return time.Unix(at.Unix()), true
		}
	}
	return time.Time{}, false
}

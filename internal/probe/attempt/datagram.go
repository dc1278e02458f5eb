package attempt

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"nettool/internal/socket"
)

// answer is what came back for a datagram, or what is known of one that was not
// answered.
type answer struct {
	icmp *ICMPError
	rtt  time.Duration // by the kernel's clock, zero when not known
	mtu  int           // of the path, zero when not asked for
	own  bool          // the peer has this end's own IP
}

// ask sends a datagram to the target, and waits for what answers it. It is one phase:
// there is no connection.
func (s *Spec) ask(ctx context.Context, r *Result, candidates []netip.AddrPort) error {
	candidates, err := s.candidates(ctx, r, candidates)
	if err != nil {
		return err
	}
	question, send := s.question(r.Target), s.datagram
	if r.Target.Network == "icmp" {
		send = s.echoRequest
	}
	var a answer
	err = r.during(FirstByte, func() error {
		tries, best := socket.Race(ctx, candidates, func(ctx context.Context, at netip.AddrPort) (answer, error) {
			return send(ctx, question, at)
		}, func(answer) {})
		if best < 0 {
			best = mostTelling(tries)
		}
		if at := tries[best].At; at.IsValid() {
			r.Addr = at.String()
		}
		a = tries[best].Conn
		return tries[best].Err
	})
	r.ICMP, r.RTT, r.PathMTU, r.Own = a.icmp, a.rtt, a.mtu, a.own
	if r.Target.Network == "icmp" && r.Addr != "" {
		r.Addr = netip.MustParseAddrPort(r.Addr).Addr().String()
	}
	return err
}

// question is a datagram, and what answers it.
type question struct {
	bytes []byte
	fits  func(answer []byte) bool // nil is any answer
}

// question is what the level asks a target.
func (s *Spec) question(to socket.Addr) question {
	switch {
	case to.Network == "icmp":
		payload := make([]byte, cmp.Or(s.Size, DefaultSize))
		rand.Read(payload)
		return question{bytes: payload}
	case s.Level == Echo:
		nonce := newNonce()
		return question{nonce, func(answer []byte) bool { return bytes.Equal(answer, nonce) }}
	}
	q := question{bytes: s.Send}
	if s.Send == nil {
		q.bytes = Payload(cmp.Or(s.Payload, PayloadOf(to.Port)))
	}
	if s.Expect != nil {
		q.fits = s.Expect.Match
	}
	return q
}

// datagram asks by UDP. The kernel passes on what ICMP says of it.
func (s *Spec) datagram(ctx context.Context, q question, at netip.AddrPort) (a answer, err error) {
	conn, err := socket.DialOne(ctx, "udp", at.String(), s.From)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	var raw syscall.RawConn
	if c, ok := conn.(syscall.Conn); ok { // not one that hears many
		if raw, err = c.SyscallConn(); err != nil {
			return a, err
		}
		if err := listenForErrors(raw, !at.Addr().Is4()); err != nil {
			return a, err
		}
	}
	if self, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		a.own = self.Addr() == at.Addr().WithZone("")
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(over()) })
	defer stop()
	if err = exchangeDatagrams(conn, q); err != nil && raw != nil {
		a.icmp = errorsHeard(raw)
	}
	return a, cut(ctx, err)
}

// exchangeDatagrams sends the question and takes the first datagram for its answer.
func exchangeDatagrams(conn net.Conn, q question) error {
	if _, err := conn.Write(q.bytes); err != nil {
		return err
	}
	got := make([]byte, most)
	n, err := conn.Read(got)
	if err != nil {
		return err
	}
	if q.fits != nil && !q.fits(got[:n]) {
		return &unexpected{Mismatch, got[:n]}
	}
	return nil
}

// Fits is what is wrong with the spec for a target, with exit.Usage, or nil.
func (s *Spec) Fits(to socket.Addr) error {
	icmp, udp := to.Network == "icmp", to.Datagram() && to.Network != "icmp"
	switch {
	case icmp && !EchoRequests:
		return usage("%q: icmp: targets need Linux", to)
	case icmp && (s.Level != Connect || s.Before != ""):
		return usage("%q: an icmp: target answers an echo request, and nothing else: there are no levels", to)
	case udp && (s.Level != Connect && s.Level != Talk && s.Level != Echo || s.Before != ""):
		return usage("%q: without a connection there are the levels connect, talk and echo only", to)
	case !udp && s.Payload != "":
		return usage("--payload is for udp: targets, and %q is none", to)
	case !icmp && (s.Size != 0 || s.DontFragment):
		return usage("--size and --dont-fragment are for icmp: targets, and %q is none", to)
	case to.Network == "unix" && s.From.TTL != 0:
		return usage("--ttl is for targets with an IP address, and %q is none", to)
	}
	return nil
}

// tooBig is the error of a packet that must not be divided and does not fit the path.
type tooBig struct{ size, mtu int }

func (e *tooBig) Error() string {
	return fmt.Sprintf("%d bytes do not fit in one packet, the path MTU is %d", e.size, e.mtu)
}

// Package attempt is probe's engine: one attempt at one address, its phases
// timed apart on the monotonic clock, its end put into one of a closed list of
// outcomes. It prints nothing and retries nothing.
package attempt

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// Level is how much has to work for an attempt to be ok.
type Level uint8

// The levels, from the cheapest.
const (
	Connect Level = iota // a connection is established (and TLS, for tls: addresses)
	Syn                  // the same, but reset before the server's accept sees it; Linux
	Stay                 // and it is not closed for a while
	Talk                 // and what is sent is answered as expected
	TLS                  // and a TLS handshake succeeds
	Echo                 // and a random text comes back
	HTTP                 // and a request is answered with a status that is ok
)

// Spec says what an attempt does. In each field, zero is the default where one is
// given below.
type Spec struct {
	Level   Level
	Timeout time.Duration  // of the whole attempt, the stay excluded; default DefaultTimeout
	Stay    time.Duration  // Level Stay: how long it must not be closed
	Send    []byte         // Level Talk, and what is asked by UDP
	Expect  *regexp.Regexp // Level Talk: what must come, and Level HTTP: in the body; nil for nothing
	HTTP    HTTPRequest    // Level HTTP
	Slow    time.Duration  // an answer that takes longer is not ok; zero is off
	TLS     *tls.Config    // nil is the system's certificates and the target's name
	Days    int            // of a TLS peer's certificates: fewer days left are an error; zero is off
	Before  string         // the protocol in which TLS is asked for first, as tlsdial.StartTLS has it, or ""
	Banner  time.Duration  // Level Connect: how long to wait for what the server says first; zero is off
	From    socket.Options // where connections come from: Source, Source6, Interface and TTL; the rest is not looked at

	// Of targets without a connection.
	Payload      string // what is asked by UDP without Send, one of Payloads; default by the port
	Size         int    // bytes behind the header of an echo request; default DefaultSize
	DontFragment bool   // an echo request is not divided, and the path's MTU is told
}

// DefaultSize is how many bytes an echo request has behind its header, as those of
// ping(8).
const DefaultSize = 56

// The timeouts of attempts that are not told theirs. The kernel sends a SYN again
// after one, two, three and four seconds, or after one, three and seven (tcp(7),
// tcp_syn_linear_timeouts), and gives a neighbour up that has not answered for three.
// A timeout on one of these would never see what comes then: each lies 0.3 s behind
// one, more than the round trip of nearly every network.
const (
	DefaultTimeout = 3300 * time.Millisecond // where there is one attempt only, or little hurry
	QuickTimeout   = 1300 * time.Millisecond // where another attempt comes soon
)

// opening bounds the part of an attempt that comes before a stay.
func (s *Spec) opening(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Level != Stay {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.Limit()-s.Stay)
}

// Limit is how long one attempt takes at most. A stay comes on top of the timeout.
func (s *Spec) Limit() time.Duration {
	limit := s.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	if s.Level == Stay {
		limit += s.Stay
	}
	return limit
}

// Result is how one attempt went.
type Result struct {
	Target      socket.Addr
	Addr        string // the peer's address, or the one that failed; "" when none was tried
	Outcome     Outcome
	Phase       Phase  // where it ended, NoPhase when ok
	Errno       string // such as "ECONNREFUSED", or ""
	Detail      string // what else there is to say, from the network: escape it
	Start       time.Time
	Total       time.Duration
	Took        [Phases]time.Duration // by phase; zero for one that was not reached
	RTT         time.Duration         // the kernel's estimate, zero when it has none
	Retransmits int                   // of the SYN; -1 when not known
	ICMP        *ICMPError            // what ICMP said of the packets that asked, or nil
	PathMTU     int                   // of the path to a peer that was asked not to divide packets, or zero
	Own         bool                  // the peer has this end's own IP
	Tries       int                   // attempts made in all, set by the caller that repeats them; zero means one
	Status      int                   // of an HTTP answer, zero without one
	Expiring    bool                  // what is wrong is that its certificates are valid, but for fewer days than asked for
	TLS         *TLSFacts             // nil without TLS, and when the handshake told nothing
	Banner      string                // what the server said first, if Spec asks for it
}

// Peer is the address that was asked, with port 0 where there are none, or invalid when
// it is not known.
func (r *Result) Peer() netip.AddrPort {
	if at, err := netip.ParseAddrPort(r.Addr); err == nil {
		return at
	}
	ip, _ := netip.ParseAddr(r.Addr)
	return netip.AddrPortFrom(ip, 0)
}

// Opening counts the packets that asked, where their number is known: SYNs, datagrams
// and echo requests. One that was not answered is lost, and so is an echo request that
// an error answered.
func (r *Result) Opening() (sent, lost int64) {
	switch {
	case !r.Outcome.Verdict() || r.Outcome == DNSError:
		return 0, 0
	case r.Target.Datagram():
		if r.Outcome == Timeout || r.Target.Network == "icmp" && !r.OK() {
			lost = 1
		}
		return 1, lost
	case r.Retransmits < 0:
		return 0, 0
	}
	lost = int64(r.Retransmits)
	if r.Outcome == Timeout && r.Phase == Connected {
		lost++
	}
	return int64(r.Retransmits) + 1, lost
}

// OK reports whether the target answered as it should.
func (r *Result) OK() bool { return r.Outcome == OK }

// Try makes one attempt. candidates may hold the target's addresses when they
// are known; otherwise they are looked up first, as a phase of the attempt.
func (s *Spec) Try(ctx context.Context, to socket.Addr, candidates []netip.AddrPort) Result {
	r := begin(to)
	staying, cancel := context.WithTimeout(ctx, s.Limit())
	defer cancel()
	ctx, cancelOpen := s.opening(staying)
	defer cancelOpen()
	if to.Datagram() {
		err := s.ask(ctx, &r, candidates)
		r.Total = time.Since(r.Start)
		if err == nil && r.RTT > 0 {
			r.Took[FirstByte] = r.RTT // the kernel knows better
			r.Total = r.Took[DNS] + r.RTT
		}
		return s.judged(ctx, r, err)
	}
	l, err := s.open(ctx, &r, candidates)
	if err == nil {
		err = s.use(staying, &r, l)
		r.Own = l.own
		r.measure(l.info())
		r.during(Close, func() error { l.close(); return nil })
	}
	r.Total = time.Since(r.Start)
	return s.judged(ctx, r, err)
}

// judged is the result with its outcome.
func (s *Spec) judged(ctx context.Context, r Result, err error) Result {
	r.judge(ctx, err)
	if s.Slow > 0 && r.Outcome == OK && r.Total > s.Slow {
		r.Outcome = Slow
	}
	return r
}

// begin is the result of an attempt that begins now, before its timeout does: none
// takes less than it.
func begin(to socket.Addr) Result { return Result{Target: to, Start: time.Now(), Retransmits: -1} }

// Lookup is the first phase of an attempt at a TCP target, within its timeout: the
// addresses for Try. If there are none, the result says why; otherwise it is OK.
func (s *Spec) Lookup(ctx context.Context, to socket.Addr) (candidates []netip.AddrPort, r Result) {
	r = begin(to)
	ctx, cancel := context.WithTimeout(ctx, s.Limit())
	defer cancel()
	candidates, err := r.resolve(ctx)
	r.Total = time.Since(r.Start)
	r.judge(ctx, err)
	return candidates, r
}

// resolve looks the target up, as a phase.
func (r *Result) resolve(ctx context.Context) (candidates []netip.AddrPort, err error) {
	err = r.during(DNS, func() (err error) {
		candidates, err = r.Target.Resolve(ctx)
		return err
	})
	return candidates, err
}

// open resolves and connects.
func (s *Spec) open(ctx context.Context, r *Result, candidates []netip.AddrPort) (_ *link, err error) {
	if r.Target.Network == "unix" {
		r.Addr = r.Target.Path
		return s.connect(ctx, r, []netip.AddrPort{{}})
	}
	if candidates, err = s.candidates(ctx, r, candidates); err != nil {
		return nil, err
	}
	return s.connect(ctx, r, candidates)
}

// candidates are the target's addresses that can be reached from the source: those that
// are known, or they are looked up.
func (s *Spec) candidates(ctx context.Context, r *Result, known []netip.AddrPort) (all []netip.AddrPort, err error) {
	all = known
	if all == nil && numeric(r.Target) {
		all, _ = r.Target.Resolve(ctx) // nothing to look up, no phase
	}
	if all == nil {
		if all, err = r.resolve(ctx); err != nil {
			return nil, err
		}
	}
	r.Phase = Connected
	if all = s.From.Reachable(all); len(all) == 0 {
		return nil, exit.Errorf(exit.Local, "source %s: there is no address of that family", s.From.Source.Addr())
	}
	return all, nil
}

// numeric reports whether an address needs no name service.
func numeric(a socket.Addr) bool {
	_, err := netip.ParseAddr(a.Host)
	return err == nil || a.Host == "" || a.At.IsValid()
}

func (s *Spec) connect(ctx context.Context, r *Result, candidates []netip.AddrPort) (l *link, err error) {
	err = r.during(Connected, func() (err error) {
		l, err = s.race(ctx, r, candidates)
		return err
	})
	return l, err
}

// during runs a phase and notes how long it took. Only the phase that failed
// stays in r.Phase: judge clears it at the end.
func (r *Result) during(p Phase, step func() error) error {
	if p != Close {
		r.Phase = p
	}
	began := time.Now()
	err := step()
	if r.Took[p] == 0 { // a stay has timed how long the peer took to close
		r.Took[p] = max(time.Since(began), 1)
	}
	return err
}

func (r *Result) measure(info socket.TCPInfo, known bool) {
	if known {
		r.RTT = info.RTT
		r.Retransmits = int(info.Retrans)
	}
}

// judge turns the attempt's error into an outcome.
func (r *Result) judge(ctx context.Context, err error) {
	if err == nil {
		r.Outcome, r.Phase = OK, NoPhase
		return
	}
	r.Outcome, r.Errno, r.Detail = classify(ctx, r.Phase, err)
	if _, ok := errors.AsType[*expiringError](err); ok && r.Outcome == TLSError {
		r.Expiring = r.TLS.Days() >= 0
	}
	if r.Outcome == Timeout && r.Target.Datagram() && r.Target.Network != "icmp" && r.ICMP == nil {
		r.Detail = "open and silent, or its packets are dropped"
	}
	if r.ICMP != nil && r.Outcome != Cancelled {
		r.Detail = strings.TrimPrefix(r.Detail+": "+r.ICMP.String(), ": ")
	}
}

package socket

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"nettool/internal/exit"
)

// attemptDelay is how long an attempt runs before the next candidate is tried
// alongside it (RFC 8305, section 5).
const attemptDelay = 250 * time.Millisecond

// Attempt is one candidate that did not connect.
type Attempt struct {
	Addr    string // IP:PORT, or a unix path
	Err     error
	Elapsed time.Duration
}

// DialError is the failure of every attempt at one target, in the order in which
// they started.
type DialError struct {
	Target   string
	Attempts []Attempt
}

// Error returns one line per address tried:
// "connect 192.0.2.7:443: connection refused after 3 ms".
func (e *DialError) Error() string {
	lines := make([]string, len(e.Attempts))
	for i, a := range e.Attempts {
		lines[i] = fmt.Sprintf("connect %s: %s after %s", a.Addr, Reason(a.Err), brief(a.Elapsed))
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors of all the attempts.
func (e *DialError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// brief is a duration as people say it.
func brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// code is the exit code that the attempts add up to: what the network said
// counts for more than local trouble.
func (e *DialError) code() exit.Code {
	code := exit.Local
	for _, a := range e.Attempts {
		switch ClassOf(a.Err) {
		case Timeout:
			return exit.ConnectTimeout
		case Refused, Unreachable, Reset, Unclassified:
			code = exit.Unreachable
		}
	}
	return code
}

// report gives a failed race its exit code.
func report(conn net.Conn, failed *DialError) (net.Conn, error) {
	if failed == nil {
		return conn, nil
	}
	return nil, exit.With(failed.code(), failed)
}

// interleave alternates families, beginning with the first candidate's (RFC
// 8305, section 4).
func interleave(candidates []netip.AddrPort) []netip.AddrPort {
	var first, second, mixed []netip.AddrPort
	for _, c := range candidates {
		if c.Addr().Is4() == candidates[0].Addr().Is4() {
			first = append(first, c)
		} else {
			second = append(second, c)
		}
	}
	for len(first) > 0 || len(second) > 0 {
		if len(first) > 0 {
			mixed, first = append(mixed, first[0]), first[1:]
		}
		if len(second) > 0 {
			mixed, second = append(mixed, second[0]), second[1:]
		}
	}
	return mixed
}

// outcome is what became of one attempt.
type outcome struct {
	index int
	conn  net.Conn
	Attempt
}

// racer runs the attempts of one Dial. Only run touches its fields.
type racer struct {
	dial     func(ctx context.Context, network, addr string, o Options) (net.Conn, error) // DialOne
	network  string
	targets  []string
	options  Options
	outcomes chan outcome // one slot per target: nobody waits to send
	started  int
	ended    int
	attempts []Attempt // by index of the target
}

// race returns the first connection, or every failure. No attempt outlives it.
func race(ctx context.Context, a Addr, targets []string, o Options) (net.Conn, *DialError) {
	r := newRacer(DialOne, a.Network, targets, o)
	if conn := r.race(ctx); conn != nil {
		return conn, nil
	}
	return nil, &DialError{Target: a.String(), Attempts: r.attempts[:r.started]}
}

func newRacer(dial func(context.Context, string, string, Options) (net.Conn, error), network string, targets []string, o Options) *racer {
	return &racer{
		dial: dial, network: network, targets: targets, options: o,
		outcomes: make(chan outcome, len(targets)), attempts: make([]Attempt, len(targets)),
	}
}

// race returns the first connection, or nil, when every attempt has ended.
func (r *racer) race(ctx context.Context) net.Conn {
	ctx, cancel := context.WithCancel(ctx)
	conn := r.run(ctx)
	cancel()
	r.drain()
	return conn
}

func (r *racer) run(ctx context.Context) net.Conn {
	timer := time.NewTimer(attemptDelay)
	defer timer.Stop()
	for r.start(ctx); r.ended < r.started; {
		select {
		case o := <-r.outcomes:
			if r.end(o); o.conn != nil {
				return o.conn
			}
		case <-timer.C:
		}
		r.start(ctx)
		timer.Reset(attemptDelay)
	}
	return nil
}

// start begins the next attempt, if one is left and ctx lasts.
func (r *racer) start(ctx context.Context) {
	if r.started == len(r.targets) || (r.started > 0 && ctx.Err() != nil) {
		return
	}
	go r.attempt(ctx, r.started)
	r.started++
}

func (r *racer) attempt(ctx context.Context, index int) {
	begin := time.Now()
	target := r.targets[index]
	conn, err := r.dial(ctx, r.network, target, r.options)
	r.outcomes <- outcome{index, conn, Attempt{target, err, time.Since(begin)}}
}

func (r *racer) end(o outcome) {
	r.ended++
	r.attempts[o.index] = o.Attempt
}

// drain waits for the attempts that lost and closes those that connected.
func (r *racer) drain() {
	for r.ended < r.started {
		o := <-r.outcomes
		if r.end(o); o.conn != nil {
			_ = o.conn.Close()
		}
	}
}

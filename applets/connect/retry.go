package connect

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"nettool/internal/cli"
	"nettool/internal/clock"
	"nettool/internal/exit"
	"nettool/internal/report"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// The pace of --retry and of --wait.
const (
	defaultRetryDelay = time.Second
	longestDelay      = 30 * time.Second
	firstWait         = 20 * time.Millisecond
	longestWait       = 250 * time.Millisecond
)

// connect reaches target, trying again as the flags say.
func (c *Cmd) connect(ctx context.Context, target socket.Addr, call *cli.Call, o *outcome) (net.Conn, error) {
	waiting := c.Retry.Wait > 0
	within := ctx
	if waiting {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, time.Duration(c.Retry.Wait))
		defer cancel()
	}
	pace := c.Retry.pace()
	var last error
	for left := int(c.Retry.Retry); ; left-- {
		conn, err := c.reach(within, target, call, o)
		if err == nil {
			c.announce(conn, call, o)
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		over := expired(within)
		if !over || last == nil {
			last = err // an attempt that --wait cut short says nothing
		}
		if over || !worthAnother(err) || (left == 0 && !waiting) {
			return nil, last
		}
		if last == err && left == int(c.Retry.Retry) {
			report.Notice(call.Stderr, call.Name, "%s; trying again", strings.ReplaceAll(err.Error(), "\n", ", "))
		}
		if !clock.Sleep(within, jitter(pace.next())) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, last
		}
	}
}

// announce says, with -v, what we are connected to.
func (c *Cmd) announce(conn net.Conn, call *cli.Call, o *outcome) {
	if !c.Status.Verbose {
		return
	}
	how := ""
	if c.Reach.Proxy != "" {
		how = ", a proxy, and through it to " + o.target
	}
	if secured, ok := conn.(tlsdial.Conn); ok {
		how += ", with " + tls.VersionName(secured.ConnectionState().Version)
	}
	report.Notice(call.Stderr, call.Name, "connected to %s%s in %s", peerName(conn), how, socket.Brief(o.connectTime))
}

// pace is how long to wait before each next attempt, without the jitter: the delay
// doubles every time, up to longest.
type pace struct{ delay, longest time.Duration }

// pace returns the pace that the flags ask for. If --retry-delay is longer than the
// delays would grow to, they all have that length.
func (f *retryFlags) pace() pace {
	if f.Wait > 0 {
		return pace{firstWait, longestWait}
	}
	delay := f.RetryDelay.Or(defaultRetryDelay)
	return pace{delay, max(delay, longestDelay)}
}

func (p *pace) next() time.Duration {
	d := p.delay
	if p.delay = p.longest; d < p.longest/2 {
		p.delay = 2 * d
	}
	return d
}

// expired reports whether ctx has ended, or is about to: an attempt may notice the
// deadline before ctx does.
func expired(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || (ok && !time.Now().Before(deadline))
}

// worthAnother reports whether another attempt could go better.
func worthAnother(err error) bool {
	switch exit.Of(err) {
	case exit.NoName, exit.Unreachable, exit.ConnectTimeout:
		return true
	}
	return false
}

// jitter returns d, more or less up to a quarter of it.
func jitter(d time.Duration) time.Duration {
	return d - d/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}

package connect

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/report"
	"nettool/internal/socket"
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
	delay, longest := c.Retry.RetryDelay.Or(defaultRetryDelay), longestDelay
	if waiting {
		delay, longest = firstWait, longestWait
	}
	var last error
	for left := int(c.Retry.Retry); ; left-- {
		conn, err := c.reach(within, target, o)
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		over := expired(within)
		if !over || last == nil {
			last = err // an attempt that --wait cut short tells nothing
		}
		if over || !worthAnother(err) || (left == 0 && !waiting) {
			return nil, last
		}
		if last == err && left == int(c.Retry.Retry) {
			report.Notice(call.Stderr, call.Name, "%s; trying again", strings.ReplaceAll(err.Error(), "\n", ", "))
		}
		if !pause(within, jitter(delay)) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, last
		}
		delay = min(2*delay, longest)
	}
}

// expired tells whether ctx has ended, or is about to: an attempt may notice the
// deadline before ctx does.
func expired(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || (ok && !time.Now().Before(deadline))
}

// worthAnother tells whether another attempt could go better.
func worthAnother(err error) bool {
	switch exit.Of(err) {
	case exit.NoName, exit.Unreachable, exit.ConnectTimeout:
		return true
	}
	return false
}

// jitter is d, give or take a quarter.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// pause waits for d and tells whether ctx still lasts.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Package load puts a target under load and measures how it answers: as many requests as
// it takes (a closed loop of some connections), or so many a second, whether it keeps up
// or not (an open loop).
//
// In the open loop a response time counts from when its request was due. When the target
// stalls, the requests that were due meanwhile wait, and their times tell so: what is known
// as coordinated omission cannot happen.
package load

import (
	"context"
	"net/netip"
	"runtime"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// Pattern is what a request is.
type Pattern uint8

// The patterns.
const (
	Connect Pattern = iota // a connection, which is reset when it is there
	CRR                    // connect, request, response, close
	RR                     // request and response, many on each connection
	Idle                   // a connection that is held open
)

// String is the word that flags and results use.
func (p Pattern) String() string { return [...]string{"connect", "crr", "rr", "idle"}[p] }

// Config says what to do. Zero is the default where one is given.
type Config struct {
	Target   socket.Addr
	At       netip.AddrPort // the target's address; unused for a unix socket
	Spec     attempt.Spec   // its Timeout, of one request, From and TLS count
	Pattern  Pattern
	Conns    int           // connections at once
	Rate     float64       // requests a second; zero is the closed loop
	Duration time.Duration // no request is due later; of Idle how long connections are held; zero is no end
	Warmup   time.Duration // before Duration; what is due then does not count
	Count    int64         // requests; zero is no end. Idle makes one for each connection
	Request  []byte        // of CRR and RR; of Idle what is asked at the end, nil for nothing
	Answer   Answer
	Verify   bool // each request has bytes of its own, which have to come back; Request says how many
	Threads  int  // that make requests; default half the processors for a target on this machine, else all
	Course   bool // Stats.Course is kept
}

// Observer is told how it goes, by one goroutine. Funcs may be nil.
type Observer struct {
	Every  time.Duration // how often Redraw is called
	Redraw func(sofar *Stats)
}

// Report is what a run came to.
type Report struct {
	Stats
	Config  Config
	Elapsed time.Duration // that counts: without the warm-up and what came after the end
	Verdict Verdict
}

// Done is the rate a second at which requests were answered well.
func (r *Report) Done() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.InTime) / r.Elapsed.Seconds()
}

// Run runs until the end, or until ctx ends: then what is under way is given up, and
// does not count.
func Run(ctx context.Context, c Config, see Observer) *Report {
	c.fill()
	return run(ctx, &c, see, drive)
}

// run is Run by a driver, which returns when all has ended.
func run(ctx context.Context, c *Config, see Observer, drive func(context.Context, *plan, []*lane)) *Report {
	p := newPlan(c)
	lanes := make([]*lane, c.Threads)
	for i := range lanes {
		lanes[i] = &lane{plan: p, keep: c.Course}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		drive(ctx, p, lanes)
	}()
	watch(ended, lanes, see)
	return p.report(ctx, lanes)
}

// fill sets what was not given.
func (c *Config) fill() {
	c.Conns = max(c.Conns, 1)
	if c.Pattern == Idle {
		c.Count, c.Warmup = int64(c.Conns), 0
	}
	if c.Threads <= 0 {
		c.Threads = runtime.GOMAXPROCS(0)
		if c.Target.Network == "unix" || c.At.Addr().IsLoopback() {
			c.Threads = max(c.Threads/2, 1)
		}
	}
	c.Threads = min(c.Threads, c.Conns)
}

// share is how many of n are the part i of all.
func share(n, i, all int) int { return n*(i+1)/all - n*i/all }

// watch calls Redraw until the run has ended.
func watch(ended <-chan struct{}, lanes []*lane, see Observer) {
	if see.Redraw == nil || see.Every <= 0 {
		<-ended
		return
	}
	t := time.NewTicker(see.Every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			see.Redraw(merged(lanes))
		case <-ended:
			return
		}
	}
}

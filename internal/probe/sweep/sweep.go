// Package sweep asks many ports, as many at once as the network and this machine
// can bear. A port is called closed only if the target says so: a port is asked
// again after a timeout or a failure of this machine, and a connection to oneself
// does not count.
package sweep

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nettool/internal/clock"
	"nettool/internal/probe/attempt"
)

// Config says how to sweep. Zero is the default.
type Config struct {
	Spec    attempt.Spec
	Retries int     // further attempts at a port that did not answer
	Rate    float64 // attempts a second; zero is as fast as they can be made
	Window  int     // attempts at once; default what descriptors allow, at most 2048
}

// maxWindow bounds the attempts at once whatever this machine allows: more fills
// the tables of routers on the way.
const maxWindow = 2048

// Found is what a port came to.
type Found struct {
	Host   int // its place among the hosts
	Port   uint16
	Result attempt.Result
}

// Sweep is a sweep under way.
type Sweep struct {
	config Config
	hosts  *Hosts
	ends   []int64 // for each host, the number of ports up to its last
	total  int64
	pace   *pace
	window *window
	out    chan Found
	low    uint16 // the first port that the kernel gives away

	finished atomic.Int64
	open     atomic.Int64
	silent   atomic.Int64
	asked    atomic.Int64

	mu    sync.Mutex
	again []task // for the next pass
}

// task is one port, and what happened to it before.
type task struct {
	number   int64
	timeouts uint8
	locals   uint8
	tries    int
}

// maxLocals is how often a port is asked again after failures of this machine.
const maxLocals = 20

// New prepares a sweep of hosts that have been found.
func New(c Config, hosts *Hosts) *Sweep {
	s := &Sweep{
		config: c, hosts: hosts, ends: make([]int64, len(hosts.all)), pace: newPace(c.Rate),
		window: newWindow(c.most(attempt.Room())), out: make(chan Found, 256), low: firstEphemeral(),
	}
	for i := range hosts.all {
		s.total += int64(hosts.all[i].ports())
		s.ends[i] = s.total
	}
	return s
}

// most returns how many attempts may run at once, given room for that many
// connections.
func (c *Config) most(room int) int {
	if c.Window > 0 {
		room = min(room, c.Window)
	}
	return min(room, maxWindow)
}

// Progress is how far a sweep is.
type Progress struct {
	Total, Done, Open int64
	Asked             int64 // ports that were asked, Done and not
	Again             int64 // ports to be asked again
	Window            int   // attempts at once
}

// Progress tells how far it is.
func (s *Sweep) Progress() Progress {
	return Progress{s.total, s.finished.Load(), s.open.Load(), s.asked.Load(), s.silent.Load(), s.window.now()}
}

// Run sweeps until all is done or ctx ends. Every port's result comes from the
// channel, in no order; ports that ctx cut off do not come.
func (s *Sweep) Run(ctx context.Context) <-chan Found {
	go s.passes(ctx)
	return s.out
}

// passes asks every port in random order, and then those that have to be asked
// again, until there are none.
func (s *Sweep) passes(ctx context.Context) {
	defer close(s.out)
	random := newOrder(s.total)
	var next atomic.Int64
	s.pass(ctx, func() (task, bool) {
		i := next.Add(1) - 1
		if i >= s.total {
			return task{}, false
		}
		return task{number: random.at(i)}, true
	})
	for len(s.again) > 0 && ctx.Err() == nil {
		list := s.again
		s.again = nil
		next.Store(0)
		s.pass(ctx, func() (task, bool) {
			i := next.Add(1) - 1
			if i >= int64(len(list)) {
				return task{}, false
			}
			return list[i], true
		})
	}
}

// pass runs workers until take has no more tasks.
func (s *Sweep) pass(ctx context.Context, take func() (task, bool)) {
	var workers sync.WaitGroup
	var work func()
	spawn := func(n int) {
		for range n {
			workers.Go(work)
		}
	}
	work = func() {
		for !s.window.leave() {
			t, ok := take()
			if !ok || !s.wait(ctx) {
				s.window.done()
				return
			}
			spawn(s.window.note(s.ask(ctx, t)))
		}
	}
	spawn(s.window.note(atOnce))
	workers.Wait()
}

// wait keeps to the rate.
func (s *Sweep) wait(ctx context.Context) bool {
	if s.pace.gap <= 0 {
		return ctx.Err() == nil
	}
	return clock.Sleep(ctx, time.Until(s.pace.due(time.Now())))
}

// ask makes one attempt and says what it tells about the window.
func (s *Sweep) ask(ctx context.Context, t task) signal {
	if t.tries > 0 {
		s.silent.Add(-1)
	} else {
		s.asked.Add(1)
	}
	host, port := s.locate(t.number)
	r := s.attempt(ctx, host, port)
	t.tries++
	r.Tries = t.tries
	switch {
	case r.Outcome == attempt.Cancelled:
		return atOnce
	case r.Outcome == attempt.LocalError && t.locals < maxLocals:
		t.locals++
		s.later(t)
		clock.Sleep(ctx, time.Duration(t.locals)*2*time.Millisecond)
		return starved
	case r.Outcome == attempt.Timeout && int(t.timeouts) < s.config.Retries:
		t.timeouts++
		s.later(t)
		return silent
	}
	s.finish(host, port, r)
	return told(&r, t.timeouts)
}

// told is what a port's last attempt tells about the window, after so many that
// timed out.
func told(r *attempt.Result, timeouts uint8) signal {
	switch {
	case r.Outcome == attempt.Timeout:
		return silent
	case timeouts > 0:
		return lost
	case r.Took[attempt.Connected] < 500*time.Microsecond:
		return atOnce
	}
	return answered
}

func (s *Sweep) later(t task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = append(s.again, t)
	s.silent.Add(1)
}

func (s *Sweep) finish(host int, port uint16, r attempt.Result) {
	s.finished.Add(1)
	if r.OK() {
		s.open.Add(1)
	}
	s.out <- Found{host, port, r}
}

// attempt asks one port. An open port of this very machine, where the kernel
// could have given it to another attempt of ours, is asked twice: two attempts
// whose ports are each other's meet in a simultaneous open, with nobody there.
func (s *Sweep) attempt(ctx context.Context, host int, port uint16) attempt.Result {
	h := &s.hosts.all[host]
	to, at := h.with(port), h.candidates(port)
	r := s.config.Spec.Try(ctx, to, at)
	if r.OK() && r.Own && port >= s.low {
		r = s.config.Spec.Try(ctx, to, at)
	}
	return r
}

// locate finds the host and port of a task's number.
func (s *Sweep) locate(number int64) (host int, port uint16) {
	host, _ = slices.BinarySearch(s.ends, number+1)
	h := &s.hosts.all[host]
	return host, h.port(int(number - s.ends[host] + int64(h.ports())))
}

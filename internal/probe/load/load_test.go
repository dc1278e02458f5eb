package load

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
)

// server listens on loopback, and has handle take each connection until the test ends.
func server(t *testing.T, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	var open sync.Map
	conns.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			open.Store(c, true)
			conns.Go(func() {
				defer open.Delete(c)
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		conns.Wait()
	})
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

func echo(c net.Conn) { io.Copy(c, c) }

// ways are the drivers that this system has.
func ways() map[string]func(context.Context, *plan, []*lane) {
	return map[string]func(context.Context, *plan, []*lane){"drive": drive, "users": driveUsers}
}

// both runs a test with each driver.
func both(t *testing.T, test func(t *testing.T, run func(Config) *Report)) {
	t.Helper()
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(c Config) *Report {
				c.fill()
				return run(t.Context(), &c, Observer{}, way)
			})
		})
	}
}

// config is for a server on this machine.
func config(at netip.AddrPort, p Pattern) Config {
	return Config{
		Target: socket.Addr{Network: "tcp", Host: at.Addr().String(), Port: "1"}, At: at, Pattern: p,
		Request: Text(64), Spec: attempt.Spec{Timeout: 20 * time.Second},
	}
}

// TestCount: exactly so many requests, in each pattern, with bytes of their own.
func TestCount(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		for _, p := range []Pattern{Connect, CRR, RR} {
			var accepted atomic.Int64
			c := config(server(t, func(c net.Conn) { accepted.Add(1); echo(c) }), p)
			c.Conns, c.Count, c.Verify, c.Course = 4, 500, true, true
			r := run(c)
			if r.Sent != 500 || r.OK != 500 || r.Response.N() != 500 || r.Course.N() != 500 || r.Verdict.Kind == Saturated || r.InTime != 500 || r.Done() <= 0 {
				t.Errorf("%s: %+v", p, r.Tally)
			}
			if n := accepted.Load(); p == RR && n != 4 || p == CRR && n != 500 {
				t.Errorf("%s: %d connections", p, n)
			}
			if n := r.Connected.N(); p == RR && n != 4 || p != RR && n != 500 {
				t.Errorf("%s: connecting was timed %d times", p, n)
			}
			if n := r.FirstByte.N(); p == Connect && n != 0 || p != Connect && n != 500 {
				t.Errorf("%s: a first byte was timed %d times", p, n)
			}
		}
	})
}

// TestLarge: requests that do not fit into what the kernel holds.
func TestLarge(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		c := config(server(t, echo), RR)
		c.Request, c.Verify, c.Count, c.Conns = Text(3<<20), true, 6, 2
		c.Answer = Answer{kind: exactly, bytes: 3 << 20}
		if r := run(c); r.OK != 6 {
			t.Errorf("%+v", r.Tally)
		}
	})
}

// TestOutcomes: what goes wrong is counted as what it is.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := nobody.Addr().(*net.TCPAddr).AddrPort()
	nobody.Close()
	both(t, func(t *testing.T, run func(Config) *Report) {
		for name, test := range map[string]struct {
			at   netip.AddrPort
			want attempt.Outcome
		}{
			"refused": {refused, attempt.Refused},
			"closes":  {server(t, func(c net.Conn) { c.Read(make([]byte, 99)) }), attempt.ClosedEarly},
			"wrong":   {server(t, func(c net.Conn) { c.Write(make([]byte, c2(c.Read(make([]byte, 99))))) }), attempt.Mismatch},
			"resets":  {server(t, func(c net.Conn) { c.Read(make([]byte, 9)); c.(*net.TCPConn).SetLinger(0) }), attempt.Reset},
		} {
			c := config(test.at, CRR)
			c.Count, c.Verify = 3, true
			if r := run(c); r.Outcomes[test.want] != 3 || r.Sent != 3 || r.OK != 0 {
				t.Errorf("%s: %v", name, r.Outcomes)
			}
		}
		c := config(server(t, func(c net.Conn) { io.Copy(io.Discard, c) }), RR)
		c.Count, c.Spec.Timeout = 1, 100*time.Millisecond
		if r := run(c); r.Outcomes[attempt.Timeout] != 1 {
			t.Errorf("silent: %v", r.Outcomes)
		}
	})
}

func c2(n int, _ error) int { return n }

// TestOpenLoop: so many are due, and those that a silent second kept waiting have waited.
func TestOpenLoop(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		var once sync.Once
		c := config(server(t, func(c net.Conn) {
			b := make([]byte, 64)
			for {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				once.Do(func() { time.Sleep(time.Second) })
				c.Write(b)
			}
		}), RR)
		c.Rate, c.Count, c.Duration = 200, 400, 0
		r := run(c)
		if r.Sent != 400 || r.OK != 400 || r.Missed != 0 {
			t.Fatalf("%+v", r.Tally)
		}
		// 200 were due in the second that the server slept, evenly.
		if p75 := r.Response.Quantile(0.75); p75 < 400*time.Millisecond {
			t.Errorf("a quarter has waited for %v and more", p75)
		}
		if r.Busy < 150 {
			t.Errorf("%d have waited for the connection", r.Busy)
		}
	})
}

// TestMissed: what was due and never begun is among the times, as late as it was.
func TestMissed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		stop := make(chan bool)
		defer close(stop)
		c := config(server(t, func(net.Conn) { <-stop }), RR)
		c.Rate, c.Duration, c.Spec.Timeout = 100, 500*time.Millisecond, 700*time.Millisecond
		r := run(c)
		if r.Sent+r.Missed != 50 || r.Missed < 40 || r.OK != 0 || r.Verdict.Kind != Saturated {
			t.Errorf("%+v, %v", r.Tally, r.Verdict)
		}
		if least, most := r.Response.Min(), r.Response.Max(); least > 60*time.Millisecond || most < 400*time.Millisecond {
			t.Errorf("from %v to %v late", least, most)
		}
	})
}

// TestWarmup: what is due in it does not count.
func TestWarmup(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		var served atomic.Int64
		c := config(server(t, func(c net.Conn) { served.Add(1); echo(c) }), CRR)
		c.Rate, c.Warmup, c.Count, c.Conns = 100, 300*time.Millisecond, 20, 50
		if r := run(c); r.Sent != 20 || r.OK != 20 || served.Load() != 50 {
			t.Errorf("%d served; %+v", served.Load(), r.Tally)
		}
	})
}

// TestIdle: connections are opened, held, asked in the end; those that went are found.
func TestIdle(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		var n atomic.Int64
		c := config(server(t, func(c net.Conn) {
			if n.Add(1)%10 == 0 {
				return
			}
			echo(c)
		}), Idle)
		c.Conns, c.Duration = 200, 200*time.Millisecond
		r := run(c)
		if r.Sent != 200 || r.OK != 180 || r.Outcomes[attempt.ClosedEarly]+r.Outcomes[attempt.Reset] != 20 || r.Open != 0 || r.Connected.N() < 180 {
			t.Errorf("%+v", r.Tally)
		}
	})
}

// TestCancelled: what is under way is given up, and does not count.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var served atomic.Int64
			c := config(server(t, func(c net.Conn) {
				if served.Add(1) == 5 {
					cancel()
					io.Copy(io.Discard, c)
				}
				echo(c)
			}), CRR)
			c.fill()
			if r := run(ctx, &c, Observer{}, way); r.Sent != 4 || r.OK != 4 {
				t.Errorf("%+v", r.Tally)
			}
		})
	}
}

// TestFullBacklog: a unix socket whose backlog is full is waited for.
func TestFullBacklog(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	start := make(chan bool)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		<-start
		for range 6000 {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	c := Config{Target: socket.Addr{Network: "unix", Path: path}, Pattern: Connect, Conns: 1, Count: 6000, Spec: attempt.Spec{Timeout: 20 * time.Second}}
	time.AfterFunc(200*time.Millisecond, func() { close(start) })
	if r := Run(t.Context(), c, Observer{}); r.OK != 6000 {
		t.Errorf("%+v", r.Tally)
	}
	ln.Close()
	accepting.Wait()
}

// TestCancelledInAStall: what was due before the end, and what was under way, has waited
// until then.
func TestCancelledInAStall(t *testing.T) {
	t.Parallel()
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			stop := make(chan bool)
			var n atomic.Int64
			c := config(server(t, func(c net.Conn) {
				for b := make([]byte, 64); ; {
					if _, err := io.ReadFull(c, b); err != nil {
						return
					}
					if n.Add(1) == 50 {
						time.AfterFunc(time.Second, cancel)
						<-stop
					}
					c.Write(b)
				}
			}), RR)
			defer close(stop)
			c.Rate = 100
			c.fill()
			r := run(ctx, &c, Observer{}, way)
			if r.OK != 49 || r.Missed < 60 || r.Response.Quantile(0.99) < 700*time.Millisecond {
				t.Errorf("%+v, p99 %v", r.Tally, r.Response.Quantile(0.99))
			}
		})
	}
}

// TestBehind: a count is no way out of what a rate asks for.
func TestBehind(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, run func(Config) *Report) {
		c := config(server(t, func(c net.Conn) {
			for b := make([]byte, 64); ; {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
				c.Write(b)
			}
		}), RR)
		c.Rate, c.Count, c.Duration = 10_000, 100, 0
		if r := run(c); r.OK != 100 || r.Verdict.Kind != Saturated {
			t.Errorf("%s: %+v", r.Verdict, r.Tally)
		}
	})
}

// TestItself: a connection that the kernel makes to itself is a refusal. The source is
// the target's own port, so that each would be one.
func TestItself(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	ln.Close()
	for _, p := range []Pattern{Connect, CRR, RR} {
		for name, way := range ways() {
			c := config(at, p)
			c.Count, c.Spec.From.Source = 5, at
			c.fill()
			if r := run(t.Context(), &c, Observer{}, way); r.Outcomes[attempt.Refused] != 5 {
				t.Errorf("%s, %s: %v", name, p, r.Outcomes)
			}
		}
	}
}

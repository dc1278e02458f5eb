package server

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/server/status"
	"nettool/internal/server/supervise"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
)

// fakeRunner has connections that end when the test says so.
type fakeRunner struct {
	host            run.Host
	running         []*run.Conn
	stopped, killed int
	retired, ended  bool
}

func (r *fakeRunner) Warm(ready func()) error { ready(); return nil }
func (r *fakeRunner) Run(c *run.Conn) {
	r.running = append(r.running, c)
	r.host.Opened(c)
}
func (r *fakeRunner) Flush()                            {}
func (r *fakeRunner) Stop(*run.Conn)                    { r.stopped++ }
func (r *fakeRunner) Kill(*run.Conn)                    { r.killed++ }
func (r *fakeRunner) End()                              { r.ended = true }
func (r *fakeRunner) Collect()                          {}
func (r *fakeRunner) Inspect(func(*run.Conn, run.Live)) {}
func (r *fakeRunner) Gauge(*run.Gauges)                 {}
func (r *fakeRunner) Retire()                           { r.retired = true }
func (r *fakeRunner) Owns(int) bool                     { return false }
func (r *fakeRunner) Stuck() bool                       { return false }
func (r *fakeRunner) Left() int                         { return len(r.running) }
func (r *fakeRunner) Close()                            {}

// end ends the connection that runs for the longest time.
func (r *fakeRunner) end(reason handoff.Reason) {
	c := r.running[0]
	r.running = r.running[1:]
	c.Close()
	e := c.End(handoff.Now())
	e.Reason = c.Cause(reason)
	r.host.Ended(c, e)
}

// newTestServer makes a server with a fake runner and a listener on loopback.
func newTestServer(t *testing.T, cfg Config) (s *Server, r *fakeRunner, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	cfg.Log = report.NewLog(log, "serve", "text", report.Normal)
	cfg.Ready = func([]net.Addr) error { return nil }
	if cfg.Admission.MaxConns == 0 {
		cfg.Admission.MaxConns = 100
	}
	s = &Server{cfg: &cfg, conns: map[uint64]*run.Conn{}, counts: status.NewCounts(false), stopped: make(chan struct{})}
	s.accepting.batch = acceptBatch
	s.accepting.rejects.log = cfg.Log
	r = &fakeRunner{host: s}
	s.runner = r
	var err error
	if s.admission, err = newAdmission(&cfg, false); err != nil {
		t.Fatal(err)
	}
	if s.loop, err = loop.New(false); err != nil {
		t.Fatal(err)
	}
	if s.upgrader, err = upgrade.New(cfg.Log); err != nil {
		t.Fatal(err)
	}
	if s.supervisor, err = supervise.New(cfg.Log, "", nil, false); err != nil {
		t.Fatal(err)
	}
	a, err := socket.Parse("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.Addrs = []socket.Addr{a}
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.closeListeners()
		s.loop.Close()
		cfg.Log.Close()
	})
	s.ready()
	return s, r, log
}

func (s *Server) dial(t *testing.T) {
	t.Helper()
	c, err := net.Dial("tcp", s.listeners[0].Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
}

// until runs the server's loop until done says so, but no longer than a minute.
func (s *Server) until(t *testing.T, done func() bool) {
	t.Helper()
	late := false
	limit := s.loop.After(time.Minute, func() { late = true })
	defer s.loop.Cancel(limit)
	if err := s.loop.Run(func() bool { return late || done() }, s.settle); err != nil {
		t.Fatal(err)
	}
	if late {
		t.Fatal("nothing has happened for a minute")
	}
}

// TestPhases: a phase is entered once, and never an earlier one.
func TestPhases(t *testing.T) {
	for _, test := range []struct {
		from, to phase
		ok       bool
	}{
		{serving, serving, false},
		{serving, draining, true},
		{serving, handedOver, true},
		{draining, handedOver, false},
		{draining, over, true},
		{handedOver, draining, false},
		{handedOver, over, true},
		{over, draining, false},
	} {
		s, r, _ := newTestServer(t, Config{UpgradeGrace: -1})
		s.enter(test.from)
		r.retired = false
		if ok := s.enter(test.to); ok != test.ok {
			t.Errorf("from %d to %d: %v", test.from, test.to, ok)
		}
		if stops := test.ok && test.to < over; r.retired != stops {
			t.Errorf("from %d to %d: the runner is told to retire: %v", test.from, test.to, r.retired)
		}
	}
}

// TestBacklog: a drain serves all that has connected before it.
func TestBacklog(t *testing.T) {
	s, r, log := newTestServer(t, Config{Admission: admit.Config{MaxConns: 1}, Grace: -1})
	for range 5 {
		s.dial(t)
	}
	s.until(t, func() bool { return len(r.running) == 1 })
	s.signaled(syscall.SIGTERM)
	for served := 1; served <= 5; served++ {
		s.until(t, func() bool { return len(r.running) == 1 })
		if s.finished() {
			t.Errorf("finished after %d connections", served-1)
		}
		r.end(handoff.EOF)
	}
	s.until(t, s.finished)
	if err := s.result(); err != nil || s.lastID != 5 {
		t.Errorf("%d served, %v", s.lastID, err)
	}
	s.cfg.Log.Close()
	if !strings.Contains(log.String(), "drain connections=1 signal=SIGTERM") || !strings.Contains(log.String(), "exit code=0 served=5") {
		t.Errorf("the log says:\n%s", log)
	}
}

// TestGrace: connections are told to end after grace, and ended after
// kill-after, unless one or the other is off.
func TestGrace(t *testing.T) {
	const short = time.Millisecond
	for _, test := range []struct {
		grace, killAfter time.Duration
		stopped, killed  int
	}{
		{short, short, 1, 1},
		{0, short, 1, 1},
		{short, -1, 1, 0},
		{-1, short, 0, 0},
	} {
		s, r, _ := newTestServer(t, Config{Grace: test.grace, KillAfter: test.killAfter})
		s.dial(t)
		s.until(t, func() bool { return len(r.running) == 1 })
		s.signaled(syscall.SIGTERM)
		later := false
		s.loop.After(50*short, func() { later = true })
		s.until(t, func() bool { return later && r.stopped == test.stopped && r.killed == test.killed })
		r.end(handoff.EOF)
		if want := test.stopped == 1; (s.last.Reason == handoff.Drain) != want {
			t.Errorf("grace %v: reason %v", test.grace, s.last.Reason)
		}
	}
}

// TestExpire: a timer's connection is shut, then its program is told to go, then
// killed, unless that is off.
func TestExpire(t *testing.T) {
	for _, test := range []struct {
		killAfter       time.Duration
		stopped, killed int
	}{{time.Millisecond, 1, 1}, {-1, 0, 0}} {
		s, r, _ := newTestServer(t, Config{KillAfter: test.killAfter})
		s.dial(t)
		s.until(t, func() bool { return len(r.running) == 1 })
		s.Expire(r.running[0], handoff.Idle)
		s.Expire(r.running[0], handoff.MaxTime) // it has ended for one reason
		later := false
		s.loop.After(50*time.Millisecond, func() { later = true })
		s.until(t, func() bool { return later && r.stopped == test.stopped && r.killed == test.killed })
		r.end(handoff.EOF)
		if s.last.Reason != handoff.Idle {
			t.Errorf("reason %v", s.last.Reason)
		}
	}
}

// TestSecondSignal ends the server at once, with what shells make of a signal.
func TestSecondSignal(t *testing.T) {
	s, r, _ := newTestServer(t, Config{Grace: -1})
	s.dial(t)
	s.until(t, func() bool { return len(r.running) == 1 })
	s.signaled(syscall.SIGTERM)
	if s.finished() {
		t.Error("the first signal has ended the server")
	}
	s.signaled(syscall.SIGINT)
	if err := s.result(); !s.finished() || r.killed != 1 || exit.Of(err) != 130 {
		t.Errorf("finished: %v, %d killed, %v", s.finished(), r.killed, err)
	}
}

// TestOnce: the server ends as its one connection does, unless it was told to.
func TestOnce(t *testing.T) {
	for _, test := range []struct {
		name     string
		reason   handoff.Reason
		signaled bool
		want     exit.Code
	}{
		{"end", handoff.EOF, false, exit.OK},
		{"timer", handoff.Idle, false, exit.TimedOut},
		{"reset", handoff.Reset, false, exit.Broken},
		{"signal", handoff.Reset, true, exit.OK},
	} {
		s, r, _ := newTestServer(t, Config{Once: true, Grace: -1})
		s.dial(t)
		s.until(t, func() bool { return len(r.running) == 1 })
		if test.signaled {
			s.signaled(syscall.SIGTERM)
		}
		r.end(test.reason)
		s.until(t, s.finished)
		if err := s.result(); exit.Of(err) != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestShortages: what has run out is said once, and again after a calm time.
func TestShortages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sh shortages
		if sh.said("accept") || !sh.said("accept") || sh.said("start") {
			t.Error("not said, or said twice")
		}
		time.Sleep(calm - time.Second)
		if !sh.said("accept") {
			t.Error("said again before it was calm")
		}
		time.Sleep(calm - time.Second)
		if !sh.said("accept") {
			t.Error("said again though it has gone on")
		}
		time.Sleep(calm)
		if sh.said("accept") {
			t.Error("not said again")
		}
	})
}

// TestAcceptFailed: what an error of accept means for the server.
func TestAcceptFailed(t *testing.T) {
	for _, test := range []struct {
		err       error
		more      bool
		exhausted bool
		phase     phase
	}{
		{loop.ErrNone, false, false, serving},
		{syscall.ECONNABORTED, true, false, serving},
		{syscall.EPROTO, true, false, serving},
		{syscall.EMFILE, false, true, serving},
		{syscall.ENOMEM, false, true, serving},
		{syscall.EBADF, false, false, over},
	} {
		s, _, _ := newTestServer(t, Config{})
		more := s.acceptFailed(s.listeners[0].Listener, test.err)
		if more != test.more || s.accepting.exhausted != test.exhausted || s.phase != test.phase {
			t.Errorf("%v: more %v, exhausted %v, phase %d", test.err, more, s.accepting.exhausted, s.phase)
		}
		if failed := s.phase == over; failed != errors.Is(s.failure, test.err) && failed {
			t.Errorf("%v: %v", test.err, s.failure)
		}
	}
}

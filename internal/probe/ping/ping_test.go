package ping_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/ping"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echoes is a server that sends back what comes, when it is told to.
type echoes struct {
	to      socket.Addr
	mu      sync.Mutex
	changed *sync.Cond
	free    bool // all are answered
}

// newEchoes starts a server whose first held connections are answered only once it
// is let go.
func newEchoes(t *testing.T, held int) *echoes {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echoes{}
	e.changed = sync.NewCond(&e.mu)
	if e.to, err = socket.Parse(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { e.answer(c, n < held) })
		}
	})
	t.Cleanup(func() { l.Close(); e.letGo(); running.Wait() })
	return e
}

func (e *echoes) answer(c net.Conn, waits bool) {
	defer c.Close()
	e.mu.Lock()
	for waits && !e.free {
		e.changed.Wait()
	}
	e.mu.Unlock()
	buf := make([]byte, 64)
	if n, err := c.Read(buf); err == nil {
		c.Write(buf[:n])
	}
}

func (e *echoes) letGo() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.free = true
	e.changed.Broadcast()
}

// patient is an attempt that has longer than a busy machine keeps it from running.
var patient = attempt.Spec{Level: attempt.Echo, Timeout: time.Minute}

// A server that answers late holds no later attempt up; results come out of
// order and are counted in order.
func TestOverlap(t *testing.T) {
	t.Parallel()
	server := newEchoes(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := ping.Config{Spec: patient, Interval: 5 * time.Millisecond}
	count := &tally.Tally{}
	var latest int64
	outOfOrder := false
	ping.Run(ctx, c, []socket.Addr{server.to}, []*tally.Tally{count}, ping.Observer{
		Attempt: func(_ int, tick ping.Tick, r *attempt.Result) {
			if tick.Due != time.Duration(tick.Seq-1)*c.Interval || tick.Late < 0 {
				t.Errorf("tick %+v", tick)
			}
			if r.OK() && tick.Seq < latest {
				outOfOrder = true
				cancel()
			}
			latest = max(latest, tick.Seq)
			server.letGo() // an attempt has ended while the first still waits
		},
	})
	if !outOfOrder || count.Failed() != 0 || count.OK < 2 {
		t.Errorf("sent %d, ok %d, failed %d; out of order: %v", count.Sent, count.OK, count.Failed(), outOfOrder)
	}
}

// What cannot start is missed, and counted: here only so many attempts may run.
func TestMissed(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 3} {
		server := newEchoes(t, 1000)
		c := ping.Config{Spec: patient, Interval: 10 * time.Millisecond, Count: 40, Overlap: most}
		count := &tally.Tally{}
		late := time.AfterFunc(100*c.Interval, server.letGo) // long after the last tick, also on a busy machine
		ping.Run(t.Context(), c, []socket.Addr{server.to}, []*tally.Tally{count}, ping.Observer{})
		late.Stop()
		if count.Sent+count.Missed != 40 || count.Sent < 1 || count.Sent > int64(most) || count.Failed() != 0 {
			t.Errorf("at most %d at once: sent %d, ok %d, missed %d", most, count.Sent, count.OK, count.Missed)
		}
	}
}

// TestEnds: a schedule has as many ticks as Count says, and none at its Duration or
// later; a tick that could not start is one of them.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		count    int64
		duration time.Duration
		want     int64
	}{
		{1, 0, 1},
		{3, 0, 3},
		{0, 40 * time.Millisecond, 2},
		{0, 41 * time.Millisecond, 3},
		{2, time.Minute, 2},
	} {
		server := newEchoes(t, 0)
		c := ping.Config{Spec: patient, Interval: 20 * time.Millisecond, Count: test.count, Duration: test.duration}
		count := &tally.Tally{}
		ping.Run(t.Context(), c, []socket.Addr{server.to}, []*tally.Tally{count}, ping.Observer{})
		if got := count.Sent + count.Missed; got != test.want {
			t.Errorf("%+v: %d ticks", test, got)
		}
	}
}

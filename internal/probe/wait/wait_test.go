package wait_test

import (
	"context"
	"io"
	"net"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/wait"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is what most attempts here do: they have longer than a busy machine
// keeps them from running.
var patient = attempt.Spec{Timeout: time.Minute}

// listen returns a listener and its address. Nobody accepts its connections, but
// for one that it has with itself from the beginning: as long as that is open, the
// port is nobody else's, whether somebody listens there or not.
func listen(t *testing.T) (net.Listener, socket.Addr) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	a, err := socket.Parse(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l, a
}

// serve hands the nth connection to handle, and closes it then.
func serve(t *testing.T, handle func(n int64, c net.Conn)) socket.Addr {
	t.Helper()
	l, to := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			handle(n, c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return to
}

func TestDown(t *testing.T) {
	t.Parallel()
	l, to := listen(t)
	var turns []attempt.Outcome
	c := wait.Config{Spec: patient, Down: true, Turn: func(r *attempt.Result, _ time.Duration) {
		turns = append(turns, r.Outcome)
		if r.OK() {
			l.Close()
		}
	}}
	e := wait.Run(t.Context(), c, to)
	if !e.Done || !e.Down || len(e.History) != 2 || len(turns) != 2 || e.Attempts < 2 {
		t.Fatalf("got %+v", e)
	}
	first, last := e.History[0], e.History[1]
	if first.Outcome != attempt.OK || last.Outcome != attempt.Refused || first.To > last.To || last.To > e.Took {
		t.Errorf("history %+v, took %v", e.History, e.Took)
	}
}

// An attempt that the end of the wait cuts short says nothing about the target.
func TestDeadlineIsNotDown(t *testing.T) {
	t.Parallel()
	_, to := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	c := wait.Config{Down: true, Spec: attempt.Spec{Level: attempt.Echo}} // nobody echoes
	if e := wait.Run(ctx, c, to); e.Done || e.Attempts != 1 {
		t.Errorf("got %+v", e)
	}
}

// endable is a context whose deadline passes when over is closed.
type endable struct {
	context.Context
	over chan struct{}
}

func (e endable) Done() <-chan struct{} { return e.over }

func (e endable) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// What the deadline cuts short is no timeout of the target's: the history ends
// with what was last seen of it.
func TestDeadlineIsNoTimeout(t *testing.T) {
	t.Parallel()
	ctx := endable{t.Context(), make(chan struct{})}
	to := serve(t, func(n int64, c net.Conn) {
		if n == 1 {
			return
		}
		close(ctx.over)
		io.Copy(io.Discard, c) // nothing is echoed
	})
	c := wait.Config{Interval: time.Millisecond, Spec: attempt.Spec{Level: attempt.Echo, Timeout: time.Minute}}
	e := wait.Run(ctx, c, to)
	if e.Done || e.Attempts != 1 || len(e.History) != 1 {
		t.Fatalf("got %+v", e)
	}
	if last := e.History[0]; last.Outcome != e.Last.Outcome || last.Outcome == attempt.Timeout || last.To != e.Took {
		t.Errorf("history %+v, last %v, took %v", e.History, e.Last.Outcome, e.Took)
	}
}

// A target that does time out is told from that.
func TestTimeoutsAreSeen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	to := serve(t, func(n int64, c net.Conn) {
		if n == 3 {
			cancel()
		}
		io.Copy(io.Discard, c) // nothing is echoed
	})
	c := wait.Config{Interval: time.Millisecond, Spec: attempt.Spec{Level: attempt.Echo, Timeout: time.Millisecond}}
	e := wait.Run(ctx, c, to)
	if e.Done || e.Attempts < 2 || e.Last.Outcome != attempt.Timeout || len(e.History) != 1 {
		t.Errorf("got %+v", e)
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	_, to := listen(t)
	e := wait.Run(t.Context(), wait.Config{Spec: patient, For: 4, Interval: time.Millisecond}, to)
	if !e.Done || e.Attempts != 4 || len(e.History) != 1 {
		t.Errorf("got %+v", e)
	}
}

// TestForStartsAnew: an attempt that ends otherwise, and one that says nothing
// about the target, ends a row.
func TestForStartsAnew(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		to := serve(t, func(n int64, c net.Conn) {
			if good := n != 3 && n != 6; good != down {
				io.WriteString(c, "ready\n")
			}
		})
		c := wait.Config{For: 3, Down: down, Interval: time.Millisecond}
		c.Spec = attempt.Spec{Level: attempt.Talk, Expect: regexp.MustCompile("ready"), Timeout: time.Minute}
		e := wait.Run(t.Context(), c, to)
		if !e.Done || e.Attempts != 9 {
			t.Errorf("down %v: done %v after %d attempts, want 9: %+v", down, e.Done, e.Attempts, e.History)
		}
	}
}

// TestIntervalIsKept: it is between the starts of attempts, and they do not come
// early. The first comes at once.
func TestIntervalIsKept(t *testing.T) {
	t.Parallel()
	_, to := listen(t)
	const interval = 30 * time.Millisecond
	e := wait.Run(t.Context(), wait.Config{Spec: patient, For: 4, Interval: interval}, to)
	if !e.Done || e.Took < 3*interval {
		t.Errorf("four attempts took %v", e.Took)
	}
}

func TestAllStopsWhenEnoughAreThere(t *testing.T) {
	t.Parallel()
	gone, nobody := listen(t)
	_, to := listen(t)
	gone.Close()
	var endings atomic.Int64
	done := wait.All(t.Context(), wait.Config{Spec: patient}, []socket.Addr{nobody, to}, 1, func(*wait.Ending) { endings.Add(1) })
	if done != 1 || endings.Load() != 2 {
		t.Errorf("%d done, %d endings", done, endings.Load())
	}
}

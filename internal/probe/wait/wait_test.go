package wait_test

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/wait"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen returns a listener whose connections nobody accepts, and its address.
func listen(t *testing.T) (net.Listener, socket.Addr) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	a, err := socket.Parse(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l, a
}

func TestDown(t *testing.T) {
	l, to := listen(t)
	var turns []attempt.Outcome
	c := wait.Config{Down: true, Turn: func(r *attempt.Result, _ time.Duration) {
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
	_, to := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	c := wait.Config{Down: true, Spec: attempt.Spec{Level: attempt.Echo}} // nobody echoes
	if e := wait.Run(ctx, c, to); e.Done || e.Attempts != 1 {
		t.Errorf("got %+v", e)
	}
}

func TestFor(t *testing.T) {
	_, to := listen(t)
	e := wait.Run(t.Context(), wait.Config{For: 4, Interval: time.Millisecond}, to)
	if !e.Done || e.Attempts != 4 || len(e.History) != 1 {
		t.Errorf("got %+v", e)
	}
}

func TestAllStopsWhenEnoughAreThere(t *testing.T) {
	gone, nobody := listen(t)
	_, to := listen(t)
	gone.Close()
	endings := 0
	done := wait.All(t.Context(), wait.Config{}, []socket.Addr{nobody, to}, 1, func(*wait.Ending) { endings++ })
	if done != 1 || endings != 2 {
		t.Errorf("%d done, %d endings", done, endings)
	}
}

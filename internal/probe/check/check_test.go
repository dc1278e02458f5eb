package check

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ n, room, want int }{
		{1, 1000, 1}, {100, 1000, 100}, {1000, 1000, 500}, {1000, 1 << 20, 512}, {513, 1026, 512}, {9, 1, 1}, {9, 7, 3},
	} {
		if got := atOnce(test.n, test.room); got != test.want {
			t.Errorf("%d targets, room for %d: %d at once, want %d", test.n, test.room, got, test.want)
		}
	}
}

// closing hangs up on every connection, but for the nth, which it sends the line
// back to. It counts.
func closing(t *testing.T, nth int64) (to socket.Addr, came *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	came, done := &atomic.Int64{}, make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if came.Add(1) == nth {
				b := make([]byte, 64)
				n, _ := c.Read(b)
				c.Write(b[:n])
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	if to, err = socket.Parse(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	return to, came
}

// TestRetries: there are as many further attempts as were asked for, each after the
// pause, and none after one that is ok.
func TestRetries(t *testing.T) {
	t.Parallel()
	const delay = 20 * time.Millisecond
	for _, test := range []struct {
		retries int
		nth     int64
		want    int
		ok      bool
	}{{0, 0, 1, false}, {2, 0, 3, false}, {5, 3, 3, true}, {2, 3, 3, true}, {1, 3, 2, false}} {
		to, came := closing(t, test.nth)
		c := Config{Retries: test.retries, Delay: delay, Spec: attempt.Spec{Level: attempt.Echo, Timeout: time.Minute}}
		began := time.Now()
		var got attempt.Result
		Run(t.Context(), c, []socket.Addr{to}, func(r *attempt.Result) { got = *r })
		if got.Tries != test.want || got.OK() != test.ok || came.Load() != int64(test.want) {
			t.Errorf("%+v: %d tries, %d connections, %v", test, got.Tries, came.Load(), got.Outcome)
		}
		if took := time.Since(began); took < delay*time.Duration(test.want-1) {
			t.Errorf("%+v: took %v", test, took)
		}
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		outcomes []attempt.Outcome
		need     int
		want     exit.Code
	}{
		{[]attempt.Outcome{attempt.OK, attempt.OK}, 0, exit.OK},
		{[]attempt.Outcome{attempt.OK, attempt.Refused}, 0, exit.No},
		{[]attempt.Outcome{attempt.OK, attempt.Refused}, 1, exit.OK},
		{[]attempt.Outcome{attempt.OK, attempt.Refused}, 2, exit.No},
		{[]attempt.Outcome{attempt.OK, attempt.DNSError}, 2, exit.NoName},
		{[]attempt.Outcome{attempt.LocalError, attempt.LocalError}, 1, exit.Local},
		{[]attempt.Outcome{attempt.LocalError, attempt.DNSError}, 1, exit.No},
		{[]attempt.Outcome{attempt.Cancelled}, 0, exit.No},
	} {
		var count tally.Tally
		for _, o := range test.outcomes {
			count.Count(&attempt.Result{Outcome: o})
		}
		if got := Code(&count, test.need); got != test.want {
			t.Errorf("%v, need %d: code %d, want %d", test.outcomes, test.need, got, test.want)
		}
	}
}

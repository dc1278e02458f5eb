package ping_test

import (
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/ping"
	"nettool/internal/probe/tally"
	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server that answers late holds no later attempt up; results come out of
// order and are counted in order.
func TestOverlap(t *testing.T) {
	to := lateFirst(t, 300*time.Millisecond)
	c := ping.Config{Spec: attempt.Spec{Level: attempt.Echo}, Interval: 5 * time.Millisecond, Count: 10}
	count := &tally.Tally{}
	var order []int64
	ping.Run(t.Context(), c, []socket.Addr{to}, []*tally.Tally{count}, ping.Observer{
		Attempt: func(_ int, seq int64, _ *attempt.Result) { order = append(order, seq) },
	})
	if count.Sent+count.Missed != 10 || count.OK != count.Sent {
		t.Errorf("sent %d, ok %d, missed %d", count.Sent, count.OK, count.Missed)
	}
	if last := order[len(order)-1]; last != order[0] && count.Missed == 0 && last != 1 {
		t.Errorf("order %v: the first should end last", order)
	}
}

// lateFirst echoes, its first connection after a while.
func lateFirst(t *testing.T, late time.Duration) socket.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait := time.Duration(0)
			if n == 0 {
				wait = late
			}
			time.AfterFunc(wait, func() { echo(c) })
		}
	}()
	a, err := socket.Parse(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 64)
	if n, err := c.Read(buf); err == nil {
		c.Write(buf[:n])
	}
}

// What cannot start is missed, and counted: here only one attempt may run.
func TestMissed(t *testing.T) {
	to := lateFirst(t, 100*time.Millisecond)
	c := ping.Config{Spec: attempt.Spec{Level: attempt.Echo}, Interval: 5 * time.Millisecond, Count: 8, Overlap: 1}
	count := &tally.Tally{}
	ping.Run(t.Context(), c, []socket.Addr{to}, []*tally.Tally{count}, ping.Observer{})
	if count.Sent+count.Missed != 8 || count.Missed == 0 {
		t.Errorf("sent %d, missed %d", count.Sent, count.Missed)
	}
}

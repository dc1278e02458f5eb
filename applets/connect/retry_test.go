package connect

import (
	"math"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/socket"
)

// The delays double up to their cap, and stay there.
func TestPace(t *testing.T) {
	t.Parallel()
	const s, ms = time.Second, time.Millisecond
	for name, test := range map[string]struct {
		flags retryFlags
		want  []time.Duration
	}{
		"default": {retryFlags{Retry: -1}, []time.Duration{1 * s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 30 * s}},
		"short":   {retryFlags{RetryDelay: cli.Duration(10 * ms)}, []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms}},
		"odd":     {retryFlags{RetryDelay: cli.Duration(11 * s)}, []time.Duration{11 * s, 22 * s, 30 * s, 30 * s}},
		"long":    {retryFlags{RetryDelay: cli.Duration(60 * s)}, []time.Duration{60 * s, 60 * s, 60 * s}},
		"longest": {retryFlags{RetryDelay: math.MaxInt64}, []time.Duration{math.MaxInt64, math.MaxInt64}},
		"off":     {retryFlags{RetryDelay: -1}, []time.Duration{0, 0, 0}},
		"wait": {retryFlags{Wait: cli.Duration(s), RetryDelay: cli.Duration(s)}, []time.Duration{
			20 * ms, 40 * ms, 80 * ms, 160 * ms, 250 * ms, 250 * ms, 250 * ms,
		}},
	} {
		p := test.flags.pace()
		var got []time.Duration
		for range test.want {
			got = append(got, p.next())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// The jitter is a quarter either way, all of it and no more.
func TestJitter(t *testing.T) {
	t.Parallel()
	const d = 1000 * time.Millisecond
	least, most := time.Hour, time.Duration(0)
	for range 10_000 { // that the outer tenths stay empty has a chance of 1 in 10^400
		j := jitter(d)
		least, most = min(least, j), max(most, j)
	}
	if least < 750*time.Millisecond || least > 800*time.Millisecond || most > 1250*time.Millisecond || most < 1200*time.Millisecond {
		t.Errorf("from %v to %v", least, most)
	}
	if j := jitter(0); j != 0 {
		t.Errorf("nothing becomes %v", j)
	}
	if j := jitter(math.MaxInt64 / 2); j <= 0 {
		t.Errorf("a very long delay becomes %v", j)
	}
}

// The attempts are as far apart as the pace says: together at least three
// quarters of 10, 20, 40, 80, 160 and 320 ms.
func TestRetryKeepsThePace(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	target, err := socket.Parse(closedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	c := Cmd{Retry: retryFlags{Retry: 6, RetryDelay: cli.Duration(10 * time.Millisecond)}}
	began := time.Now()
	_, err = c.connect(t.Context(), target, &cli.Call{Name: "connect", Stderr: null}, &outcome{})
	if exit.Of(err) != exit.Unreachable {
		t.Error(err)
	}
	if took := time.Since(began); took < 630*time.Millisecond*3/4 {
		t.Errorf("seven attempts took %v", took)
	}
}

// closedPort is an address where nobody listens and, until the test ends, nobody
// else will: the near end of a connection.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); far.Close() })
	return conn.LocalAddr().String()
}

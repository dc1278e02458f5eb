package sweep

import (
	"net"
	"testing"
	"time"
	"unsafe"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
)

// hostsOf are targets to sweep.
func hostsOf(t *testing.T, targets ...target.Target) *Hosts {
	t.Helper()
	h := &Hosts{}
	for _, to := range targets {
		if err := h.Add(to); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestMost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ window, room, want int }{
		{0, 100, 100}, {0, 2049, 2048}, {0, 1 << 20, 2048}, {10, 1 << 20, 10}, {10, 5, 5}, {5000, 1 << 20, 2048}, {0, 1, 1},
	} {
		c := Config{Window: test.window}
		if got := c.most(test.room); got != test.want {
			t.Errorf("--window %d, room for %d: %d at once, want %d", test.window, test.room, got, test.want)
		}
	}
}

// TestWindowEnds: it starts with 64 or what is allowed, a loss halves it, but not
// below 4, and what this machine lacks takes it down to 1.
func TestWindowEnds(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{1: 1, 63: 63, 64: 64, 65: 64, 2048: 64} {
		if w := newWindow(most); w.now() != want || w.note(atOnce) != want {
			t.Errorf("of %d it starts with %d", most, w.now())
		}
	}
	w := newWindow(100)
	for _, want := range []int{32, 16, 8, 4, 4, 4} {
		w.note(lost)
		if w.now() != want {
			t.Errorf("a loss left %d, want %d", w.now(), want)
		}
	}
	w = newWindow(100)
	for _, want := range []int{44, 31, 21, 15} {
		w.note(starved)
		if w.now() != want {
			t.Errorf("starved it is %d, want %d", w.now(), want)
		}
	}
	w = newWindow(100)
	for i := range 36 {
		if w.note(answered); w.now() != 65+i {
			t.Errorf("after %d answers it is %d", i+1, w.now())
		}
	}
	for range 3 {
		w.note(silent)
	}
	if w.now() != 100 {
		t.Errorf("it grew beyond 100: %d", w.now())
	}
}

func TestTold(t *testing.T) {
	t.Parallel()
	result := func(o attempt.Outcome, took time.Duration) *attempt.Result {
		r := &attempt.Result{Outcome: o}
		r.Took[attempt.Connected] = took
		return r
	}
	for _, test := range []struct {
		r        *attempt.Result
		timeouts uint8
		want     signal
	}{
		{result(attempt.Refused, 499*time.Microsecond), 0, atOnce},
		{result(attempt.Refused, 500*time.Microsecond), 0, answered},
		{result(attempt.OK, time.Second), 0, answered},
		{result(attempt.OK, time.Second), 1, lost},
		{result(attempt.Timeout, time.Second), 1, silent},
	} {
		if got := told(test.r, test.timeouts); got != test.want {
			t.Errorf("%v after %v, %d timeouts: %d, want %d", test.r.Outcome, test.r.Took[attempt.Connected], test.timeouts, got, test.want)
		}
	}
}

// TestLocalFailures: a port is asked 20 times more while it is this machine that
// fails, and is then called what it is. Here the address lacks its zone.
func TestLocalFailures(t *testing.T) {
	t.Parallel()
	to, err := target.Parse("[fe80::1]:9")
	if err != nil {
		t.Fatal(err)
	}
	spec := attempt.Spec{Timeout: time.Minute}
	if r := spec.Try(t.Context(), to.Addr, nil); r.Outcome != attempt.LocalError {
		t.Skipf("an address without a zone is %v here", r.Outcome)
	}
	run := New(Config{Spec: spec, Retries: 3}, hostsOf(t, to))
	var found []Found
	for f := range run.Run(t.Context()) {
		found = append(found, f)
	}
	if len(found) != 1 || found[0].Result.Outcome != attempt.LocalError || found[0].Result.Tries != 21 {
		t.Errorf("found %+v", found)
	}
	if p := run.Progress(); p.Done != 1 || p.Again != 0 {
		t.Errorf("progress %+v", p)
	}
}

// TestAskedTwice: an open port of this machine that the kernel could have given to
// another attempt is asked twice; one below those is not.
func TestAskedTwice(t *testing.T) {
	t.Parallel()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := target.Parse(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	hosts := hostsOf(t, to)
	port := hosts.all[0].port(0)
	for _, test := range []struct {
		low  uint16
		want int
	}{{port, 2}, {port + 1, 1}} {
		run := New(Config{Spec: attempt.Spec{Timeout: time.Minute}}, hosts)
		run.low = test.low
		for f := range run.Run(t.Context()) {
			if !f.Result.OK() || !f.Result.Own {
				t.Errorf("found %+v", f)
			}
		}
		came := 0
		for wait := time.Minute; ; came++ {
			if came >= test.want {
				wait = 50 * time.Millisecond // is there another in the queue?
			}
			l.SetDeadline(time.Now().Add(wait))
			c, err := l.Accept()
			if err != nil {
				break
			}
			c.Close()
		}
		if came != test.want {
			t.Errorf("where the kernel gives away ports from %d on, port %d was asked %d times", test.low, port, came)
		}
	}
}

// TestLocate: a number of the sweep is a host and a port of it, whatever hosts there are
// and whichever were lost.
func TestLocate(t *testing.T) {
	t.Parallel()
	all, err := target.List{Args: []string{"127.0.0.1:80,90-92", "tls:[::1]:443", "7000", "lost:1-5", "tcp4:name:5"}, MaxHosts: 1}.All()
	if err != nil {
		t.Fatal(err)
	}
	hosts := hostsOf(t, all...)
	if _, names := hosts.Names(); names != 2 {
		t.Errorf("%d names to look up, want 2", names)
	}
	hosts.all[3].more.lost = true
	run := New(Config{}, hosts)
	want := []string{"127.0.0.1:80", "127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92", "tls:[::1]:443", "7000", "tcp4:name:5"}
	if run.total != int64(len(want)) {
		t.Fatalf("%d ports, want %d", run.total, len(want))
	}
	for i, address := range want {
		host, port := run.locate(int64(i))
		if got := hosts.all[host].with(port); got.String() != address {
			t.Errorf("number %d is %v, want %s", i, got, address)
		}
	}
}

// TestPace: attempts keep their distance, a timer that is late now and then does not
// lower the rate, and a stall is not made up for in one go.
func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	for rate, soon := range map[float64]int{1000: 10, 50: 1} {
		p := newPace(rate)
		gap := time.Duration(float64(time.Second) / rate)
		for i := range 5 {
			if due := p.due(now); due.Sub(now) != time.Duration(i)*gap {
				t.Errorf("%v a second: attempt %d is due in %v", rate, i, due.Sub(now))
			}
		}
		late := now.Add(5*gap + lag)
		if due := p.due(late); due.Sub(now) != 5*gap {
			t.Errorf("%v a second: what is late is due %v from now", rate, due.Sub(late))
		}
		resumed, at := now.Add(time.Hour), 0
		for p.due(resumed).Sub(resumed) <= 0 {
			at++
		}
		if at > soon {
			t.Errorf("%v a second: %d attempts at once after a stall", rate, at)
		}
	}
	if newPace(0).gap != 0 || newPace(1e-300).gap <= 0 {
		t.Error("no rate, or next to none")
	}
}

// TestSmall: what a host costs, of which there may be a million.
func TestSmall(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(host{}); size > 4*unsafe.Sizeof(uintptr(0)) {
		t.Errorf("a host takes %d bytes", size)
	}
}

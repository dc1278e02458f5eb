//go:build !portable

package pool

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/sandbox"
	"nettool/internal/server/run/runtest"
)

func start(t *testing.T, cfg Config) (*runtest.Host, *Pool) {
	t.Helper()
	h, p := prepare(t, cfg)
	h.Use(p)
	return h, p
}

// prepare makes a pool that is in a hurry.
func prepare(t *testing.T, cfg Config) (*runtest.Host, *Pool) {
	t.Helper()
	h := runtest.New(t)
	if cfg.MaxRequests == 0 {
		cfg.MaxRequests = 1000
	}
	cfg.Environ = []string{"GORACE=atexit_sleep_ms=0"} // the race detector lets a process that ends wait
	cfg.Log = report.NewLog(io.Discard, "serve", "text", report.Quiet)
	t.Cleanup(func() { cfg.Log.Close() })
	p, err := New(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	t.Cleanup(func() { // before the host goes: no child is left
		p.Retire()
		h.Until(func() bool { return p.Left() == 0 })
	})
	return h, p
}

// ask sends a word and reads the answer.
func ask(t *testing.T, c *net.TCPConn, word string) {
	t.Helper()
	io.WriteString(c, word)
	if got, err := io.ReadAll(c); string(got) != word || err != nil {
		t.Errorf("client reads %q, %v; want %q", got, err, word)
	}
}

// TestSpares: they are warm before the first connection.
func TestSpares(t *testing.T) {
	h, p := start(t, Config{Spare: 1})
	if h.Started != 1 || p.Left() != 1 {
		t.Errorf("%d children started, %d there", h.Started, p.Left())
	}
	client, c := h.Connect()
	if c.FD >= 0 {
		t.Error("the descriptor is still ours")
	}
	ask(t, client, "a")
	h.End()
}

// TestPool: without spares the one child comes back for the next connection.
func TestPool(t *testing.T) {
	h, _ := start(t, Config{})
	for range 2 {
		client, c := h.Connect()
		h.Until(func() bool { return c.PID > 0 })
		ask(t, client, "a")
		e := h.End()
		if e.Reason != handoff.Quit || e.BytesIn != 1 || e.BytesOut != 1 || e.PID != c.PID {
			t.Errorf("ending: %+v", e)
		}
	}
	if h.Started != 1 || h.OpenedPIDs[0] != h.OpenedPIDs[1] {
		t.Errorf("%d children for two connections in a row: %v", h.Started, h.OpenedPIDs)
	}
}

// TestMaxRequests: a child that has served its number goes.
func TestMaxRequests(t *testing.T) {
	h, _ := start(t, Config{MaxRequests: 1})
	for range 2 {
		client, c := h.Connect()
		h.Until(func() bool { return c.PID > 0 })
		ask(t, client, "a")
		h.End()
	}
	if h.OpenedPIDs[0] == h.OpenedPIDs[1] {
		t.Errorf("one child for both connections: %v", h.OpenedPIDs)
	}
	if h.ChildExits != 0 {
		t.Errorf("%d children ended by themselves", h.ChildExits)
	}
}

// TestDeath of a child: its connection ends with it, with the counts so far.
func TestDeath(t *testing.T) {
	for word, want := range map[string]handoff.Reason{"k": handoff.Signal, "x": handoff.Exit} {
		h, _ := start(t, Config{Spare: 1})
		client, _ := h.Connect()
		io.WriteString(client, word)
		e := h.End()
		if e.Reason != want || e.BytesIn != 1 || (want == handoff.Signal) != (e.Signal == unix.SIGKILL) {
			t.Errorf("%s: ending: %+v", word, e)
		}
		if h.ChildExits != 1 {
			t.Errorf("%s: %d children ended by themselves", word, h.ChildExits)
		}
	}
}

// TestKill: a child that the server kills has not ended by itself.
func TestKill(t *testing.T) {
	h, p := start(t, Config{Spare: 1})
	_, c := h.Connect()
	c.Force(handoff.Drain)
	p.Stop(c)
	if e := h.End(); e.Reason != handoff.Drain || h.ChildExits != 0 {
		t.Errorf("ending: %+v, %d children ended by themselves", e, h.ChildExits)
	}
}

// TestAbandon: a connection that has no child yet ends, too.
func TestAbandon(t *testing.T) {
	h, p := start(t, Config{})
	client, c := h.Connect()
	if c.PID != 0 {
		t.Fatalf("child %d has the connection", c.PID)
	}
	c.Force(handoff.Drain)
	p.Kill(c)
	if e := h.EndedConns[0]; e.Reason != handoff.Drain {
		t.Errorf("ending: %+v", e)
	}
	if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
		t.Errorf("client reads %q, %v", got, err)
	}
}

// TestStillborn: children that do not get ready are said once, and do not become
// a storm.
func TestStillborn(t *testing.T) {
	h, p := start(t, Config{Reject: true, Child: handoff.Config{Handler: "stillborn"}})
	client, _ := h.Connect()
	e := h.End()
	if e.Reason != handoff.Error || e.Err == "" || h.NotStarted == 0 || !p.Stuck() {
		t.Errorf("ending: %+v; %d not started, stuck: %v", e, h.NotStarted, p.Stuck())
	}
	if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
		t.Errorf("client reads %q, %v", got, err)
	}
	if h.Started > spawnQueue {
		t.Errorf("%d children were started", h.Started)
	}
}

// brief is little patience.
const brief = 300 * time.Millisecond

// TestNotReady: a child that does not get ready is killed, and others are tried.
func TestNotReady(t *testing.T) {
	h, p := prepare(t, Config{Spare: 1, Child: handoff.Config{Handler: "silent"}})
	p.patience.start = brief
	p.Warm(func() { t.Error("the pool says that it is ready") })
	h.UseUnready(p)
	h.Until(func() bool { return h.NotStarted >= 2 })
	if !slices.Contains(h.Shortages, "child") {
		t.Errorf("said: %q", h.Shortages)
	}
	p.End()
}

// TestNotTaken: a child that does not take its connection is killed, and the
// client learns it.
func TestNotTaken(t *testing.T) {
	h, p := start(t, Config{Child: handoff.Config{Handler: "stopped"}})
	p.patience.take = brief
	client, _ := h.Connect()
	e := h.End()
	if e.Reason != handoff.Error || !strings.Contains(e.Err, "did not take its connection") {
		t.Errorf("ending: %+v", e)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("client reads %d bytes, %v", n, err)
	}
}

// TestDeaf: children that do not end when they are retired are killed, and there
// are never many of them.
func TestDeaf(t *testing.T) {
	h, p := start(t, Config{MaxRequests: 1, Child: handoff.Config{Handler: "deaf"}})
	p.patience.retire = brief
	most := h.Limit() + spawnQueue
	for range 2 * most {
		client, c := h.Connect()
		h.Until(func() bool { return c.PID > 0 })
		ask(t, client, "a")
		h.End()
		if p.Left() > most {
			t.Fatalf("%d children", p.Left())
		}
	}
	p.Retire()
	h.Until(func() bool { return p.Left() == 0 })
}

// TestBackUp: a child that does not keep to a limit is killed, with the limit as
// the reason.
func TestBackUp(t *testing.T) {
	for reason, limits := range map[handoff.Reason]handoff.Limits{
		handoff.FirstByte: {FirstByte: brief},
		handoff.Idle:      {Idle: brief},
		handoff.MaxTime:   {MaxTime: brief},
	} {
		h, _ := start(t, Config{KillAfter: brief, Child: handoff.Config{Handler: "hangs", Limits: limits}})
		h.Connect()
		if e := h.End(); e.Reason != reason || e.Duration < 2*brief {
			t.Errorf("%v: ending: %+v", reason, e)
		}
	}
	h, _ := start(t, Config{KillAfter: brief, Child: handoff.Config{Limits: handoff.Limits{FirstByte: brief, MaxTime: 4 * brief}}})
	client, _ := h.Connect()
	io.WriteString(client, "h")
	if e := h.End(); e.Reason != handoff.MaxTime {
		t.Errorf("a client that has spoken: ending: %+v", e)
	}
}

// TestFlood: a child that says more than it had connections is killed.
func TestFlood(t *testing.T) {
	h, _ := start(t, Config{})
	client, _ := h.Connect()
	io.WriteString(client, "f")
	if e := h.End(); e.Reason != handoff.Signal || e.Signal != unix.SIGKILL {
		t.Errorf("ending: %+v", e)
	}
}

// TestWords: the first line that a child has written says why it ended.
func TestWords(t *testing.T) {
	h, _ := start(t, Config{})
	client, _ := h.Connect()
	io.WriteString(client, "e")
	if e := h.End(); e.Reason != handoff.Exit || e.Exit != 9 {
		t.Errorf("ending: %+v", e)
	}
	if !strings.HasSuffix(h.ChildExitAttrs, "stderr=first words\x1b]") {
		t.Errorf("child exit: %q", h.ChildExitAttrs)
	}
}

// TestEndlessWords: a child that does not stop writing is killed.
func TestEndlessWords(t *testing.T) {
	h, _ := start(t, Config{})
	client, _ := h.Connect()
	io.WriteString(client, "E")
	if e := h.End(); e.Reason != handoff.Signal || e.Signal != unix.SIGKILL {
		t.Errorf("ending: %+v", e)
	}
	if !strings.HasSuffix(h.ChildExitAttrs, "stderr=endless]") {
		t.Errorf("child exit: %q", h.ChildExitAttrs)
	}
}

// TestTakenOver: a child that was taken over, and serves one connection only, reaches
// neither its parent nor the child beside it.
func TestTakenOver(t *testing.T) {
	if err := sandbox.Lacks(sandbox.Needs{}); err != nil {
		t.Skip(err)
	}
	h, _ := start(t, Config{Spare: 2, MaxRequests: 1, Child: handoff.Config{Handler: "boxed"}})
	client, victim := h.Connect()
	h.Until(func() bool { return victim.PID > 0 })
	attacker, c := h.Connect()
	h.Until(func() bool { return c.PID > 0 })
	fmt.Fprint(attacker, "A", victim.PID)
	if got, err := io.ReadAll(attacker); string(got) != "A" || err != nil { // its echo, and nothing that it could do
		t.Errorf("taken over, a child can: %q, %v", got, err)
	}
	h.End()
	ask(t, client, "v")
	h.End()
}

// TestEnd: no child is left, whatever it does.
func TestEnd(t *testing.T) {
	h, p := start(t, Config{Spare: 3, Child: handoff.Config{Handler: "stopped"}})
	h.Connect()
	h.Connect()
	p.Retire()
	p.End()
	h.Until(func() bool { return p.Left() == 0 })
	if len(h.EndedConns) != 2 {
		t.Errorf("%d connections have ended", len(h.EndedConns))
	}
}

package admit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	start = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	one   = netip.MustParseAddr("192.0.2.1")
	two   = netip.MustParseAddr("192.0.2.2")
)

// mustEnter lets src in and returns its ticket.
func mustEnter(t *testing.T, g *Gate, src netip.Addr, now time.Time) Ticket {
	t.Helper()
	ticket, cause := g.Enter(src, now)
	if cause != None {
		t.Fatalf("%v was refused: %s", src, cause)
	}
	return ticket
}

// mustRefuse shows that src is refused, and why.
func mustRefuse(t *testing.T, g *Gate, src netip.Addr, now time.Time, want Cause) {
	t.Helper()
	before := g.Live()
	ticket, cause := g.Enter(src, now)
	if cause != want || g.Live() != before || g.Leave(ticket, now) {
		t.Fatalf("%v: cause %q, want %q, %d live before and %d after", src, cause, want, before, g.Live())
	}
}

func TestZeroConfig(t *testing.T) {
	g := New(Config{})
	for i := range 1024 {
		if g.Full() || g.Live() != i {
			t.Fatalf("with %d inside: full %v, live %d", i, g.Full(), g.Live())
		}
		if ticket := mustEnter(t, g, one, start); ticket.ConnNum != i+1 || ticket.Env != nil {
			t.Fatalf("ticket %d is %+v", i, ticket)
		}
	}
	if !g.Full() || g.Limit() != 1024 {
		t.Errorf("full %v, limit %d", g.Full(), g.Limit())
	}
	mustRefuse(t, g, one, start, Full)
	mustRefuse(t, g, netip.Addr{}, start, Full)
}

func TestNoLimit(t *testing.T) {
	g := New(Config{MaxConns: -1, PerSource: -1})
	for range 3000 {
		mustEnter(t, g, one, start)
	}
	if g.Full() || g.Limit() != 0 {
		t.Errorf("full %v, limit %d", g.Full(), g.Limit())
	}
}

func TestLeave(t *testing.T) {
	g := New(Config{MaxConns: 2})
	first, second := mustEnter(t, g, one, start), mustEnter(t, g, one, start)
	if !g.Leave(first, start) || g.Leave(first, start) || g.Live() != 1 {
		t.Fatalf("a ticket counts once; live %d", g.Live())
	}
	third := mustEnter(t, g, two, start)
	if g.Leave(first, start) || g.Leave(Ticket{}, start) || g.Leave(Ticket{slot: 99, generation: 1}, start) || !g.Full() {
		t.Fatal("an old ticket freed a slot that is someone else's")
	}
	if !g.Leave(second, start) || !g.Leave(third, start) || g.Live() != 0 || g.Sources() != 0 {
		t.Errorf("live %d, sources %d", g.Live(), g.Sources())
	}
}

func TestPerSource(t *testing.T) {
	g := New(Config{PerSource: 2})
	first := mustEnter(t, g, one, start)
	if n := mustEnter(t, g, netip.MustParseAddr("::ffff:192.0.2.1"), start).ConnNum; n != 2 {
		t.Errorf("mapped address: connection %d", n)
	}
	mustRefuse(t, g, one, start, PerSource)
	mustEnter(t, g, two, start)
	for range 5 {
		if n := mustEnter(t, g, netip.Addr{}, start).ConnNum; n != 0 {
			t.Errorf("no address: connection %d", n)
		}
	}
	g.Leave(first, start)
	if n := mustEnter(t, g, one, start).ConnNum; n != 2 {
		t.Errorf("connection %d, want 2", n)
	}
}

func TestSourcePrefixes(t *testing.T) {
	for _, c := range []struct {
		prefix string
		a, b   string
		same   bool
	}{
		{"", "192.0.2.1", "192.0.2.1", true},
		{"", "192.0.2.1", "192.0.2.2", false},
		{"", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"", "2001:db8::1", "2001:db8:0:1::1", false},
		{"", "fe80::1%eth0", "fe80::2%eth1", true},
		{"24,48", "192.0.2.1", "192.0.2.200", true},
		{"24,48", "192.0.2.1", "192.0.3.1", false},
		{"24,48", "2001:db8::1", "2001:db8:0:1::1", true},
		{"32,128", "2001:db8::1", "2001:db8::2", false},
		{"1,1", "10.0.0.1", "127.255.255.255", true},
		{"1,1", "10.0.0.1", "::1", false},
		{"8,96", "::ffff:10.1.2.3", "10.9.9.9", true},
	} {
		var p SourcePrefix
		if c.prefix != "" {
			if err := p.UnmarshalText([]byte(c.prefix)); err != nil {
				t.Fatal(err)
			}
		}
		g := New(Config{Prefix: p})
		mustEnter(t, g, netip.MustParseAddr(c.a), start)
		if n := mustEnter(t, g, netip.MustParseAddr(c.b), start).ConnNum; (n == 2) != c.same {
			t.Errorf("%q: %s and %s: connection %d", c.prefix, c.a, c.b, n)
		}
	}
}

func TestSourceRate(t *testing.T) {
	g := New(Config{SourceRate: Limit{N: 2, Per: time.Second}})
	for range 2 {
		g.Leave(mustEnter(t, g, one, start), start)
	}
	mustRefuse(t, g, one, start, SourceRate)
	mustRefuse(t, g, one, start.Add(499*time.Millisecond), SourceRate)
	mustEnter(t, g, two, start)
	mustEnter(t, g, netip.Addr{}, start)
	g.Leave(mustEnter(t, g, one, start.Add(500*time.Millisecond)), start.Add(500*time.Millisecond))
	mustRefuse(t, g, one, start.Add(501*time.Millisecond), SourceRate)
	for range 2 {
		mustEnter(t, g, one, start.Add(time.Minute))
	}
}

func TestRate(t *testing.T) {
	g := New(Config{Rate: Limit{N: 3, Per: time.Minute}})
	for _, src := range []netip.Addr{one, two, {}} {
		mustEnter(t, g, src, start)
	}
	mustRefuse(t, g, one, start, Rate)
	mustEnter(t, g, one, start.Add(20*time.Second))
	mustRefuse(t, g, one, start.Add(21*time.Second), Rate)
}

// TestRefusedCostsNothing shows that a source that knocks in vain uses up nobody's
// rate, not even its own.
func TestRefusedCostsNothing(t *testing.T) {
	g := New(Config{MaxConns: 2, PerSource: 1, Rate: Limit{N: 3, Per: time.Hour}, SourceRate: Limit{N: 2, Per: time.Hour}})
	inside := mustEnter(t, g, one, start)
	for range 100 {
		mustRefuse(t, g, one, start, PerSource)
	}
	second := mustEnter(t, g, two, start)
	three := netip.MustParseAddr("192.0.2.3")
	for range 100 {
		mustRefuse(t, g, three, start, Full)
	}
	g.Leave(inside, start)
	g.Leave(second, start)
	mustEnter(t, g, one, start)
	mustRefuse(t, g, two, start, Rate)
}

func TestSetRules(t *testing.T) {
	g := New(Config{})
	inside := mustEnter(t, g, one, start)
	g.SetRules(mustRules(t, `192.0.2.1:deny
:allow,ROLE="guest"`))
	mustRefuse(t, g, one, start, Deny)
	if ticket := mustEnter(t, g, two, start); len(ticket.Env) != 1 || ticket.Env[0] != "ROLE=guest" {
		t.Errorf("environment %q", ticket.Env)
	}
	g.SetRules(nil)
	mustEnter(t, g, one, start)
	g.Leave(inside, start)
}

func TestIdentify(t *testing.T) {
	g := New(Config{PerSource: 1, Rules: mustRules(t, `192.0.2.9:deny
192.0.2.1:allow,ROLE="staff"`)})
	first, second := mustEnter(t, g, netip.Addr{}, start), mustEnter(t, g, netip.Addr{}, start)
	if _, cause := g.Identify(first, netip.MustParseAddr("192.0.2.9"), start); cause != Deny {
		t.Errorf("cause %q, want deny", cause)
	}
	known, cause := g.Identify(first, one, start)
	if cause != None || known.ConnNum != 1 || len(known.Env) != 1 {
		t.Fatalf("ticket %+v, cause %q", known, cause)
	}
	if _, cause := g.Identify(second, one, start); cause != PerSource {
		t.Errorf("cause %q, want per_source", cause)
	}
	if !g.Leave(second, start) || !g.Leave(known, start) || g.Leave(first, start) || g.Live() != 0 || g.Sources() != 0 {
		t.Errorf("live %d, sources %d", g.Live(), g.Sources())
	}
	if _, cause := g.Identify(known, two, start); cause == None {
		t.Error("a ticket that was given back got a source")
	}
}

// TestManySources lets a hundred and fifty thousand sources come and go.
func TestManySources(t *testing.T) {
	g := New(Config{PerSource: 2, SourceRate: Limit{N: 5, Per: time.Hour}})
	resident := mustEnter(t, g, one, start)
	now, before := start, heap()
	for i := range 150_000 {
		now = now.Add(time.Microsecond)
		g.Leave(mustEnter(t, g, numbered(i), now), now)
	}
	if n := g.Sources(); n > maxIdleSources+2 {
		t.Errorf("%d sources are remembered", n)
	}
	if grown := int64(heap()) - int64(before); grown > 24<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
	if n := mustEnter(t, g, one, now).ConnNum; n != 2 {
		t.Errorf("the source that stayed is at connection %d, want 2", n)
	}
	mustRefuse(t, g, one, now, PerSource)
	g.Leave(resident, now)
	g.sources.check(t)
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func numbered(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// TestIdleSourcesAreForgottenInTime shows that a source whose bucket is full again
// takes no room, and that one whose bucket is not stays known.
func TestIdleSourcesAreForgottenInTime(t *testing.T) {
	g := New(Config{SourceRate: Limit{N: 1, Per: time.Second}})
	for i := range 1000 {
		g.Leave(mustEnter(t, g, numbered(i), start), start)
	}
	if g.Sources() != 1000 {
		t.Fatalf("%d sources", g.Sources())
	}
	mustRefuse(t, g, numbered(0), start, SourceRate)
	later := start.Add(time.Second)
	for i := range 1000 {
		g.Leave(mustEnter(t, g, numbered(5000+i), later), later)
	}
	if n := g.Sources(); n != 1000 {
		t.Errorf("%d sources, want the latest 1000", n)
	}
	g.sources.check(t)
}

// check shows that the table holds together.
func (t *sourceTable) check(test *testing.T) {
	test.Helper()
	idle := 0
	for s := t.idle.next; s != &t.idle; s = s.next {
		if s.live != 0 || t.byKey[s.key] != s || s.next.prev != s {
			test.Fatalf("idle source %+v", s)
		}
		idle++
	}
	live := 0
	for _, s := range t.byKey {
		if s.live > 0 {
			live++
		}
	}
	if idle != t.idleSize || idle+live != len(t.byKey) {
		test.Errorf("%d idle, said to be %d, %d live, %d in all", idle, t.idleSize, live, len(t.byKey))
	}
}

// TestRandomComings compares the gate with plain counts.
func TestRandomComings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	g := New(Config{MaxConns: 40, PerSource: 5, SourceRate: Limit{N: 8, Per: time.Second}})
	g.sources.maxIdle = 10
	live := map[netip.Addr]int{}
	type visit struct {
		ticket Ticket
		src    netip.Addr
	}
	var inside []visit
	for step := range 50_000 {
		now := start.Add(time.Duration(step) * time.Millisecond)
		if random.IntN(2) == 0 && len(inside) > 0 {
			i := random.IntN(len(inside))
			leaving := inside[i]
			inside[i] = inside[len(inside)-1]
			inside = inside[:len(inside)-1]
			live[leaving.src]--
			if !g.Leave(leaving.ticket, now) {
				t.Fatal("a valid ticket was refused")
			}
			continue
		}
		src := numbered(random.IntN(30))
		ticket, cause := g.Enter(src, now)
		switch {
		case cause == None:
			live[src]++
			inside = append(inside, visit{ticket, src})
			if ticket.ConnNum != live[src] || live[src] > 5 || len(inside) > 40 {
				t.Fatalf("connection %d of %v, which has %d; %d inside", ticket.ConnNum, src, live[src], len(inside))
			}
		case cause == PerSource && live[src] != 5, cause == Full && len(inside) != 40:
			t.Fatalf("cause %s with %d of 5 and %d of 40", cause, live[src], len(inside))
		}
	}
	g.sources.check(t)
	if g.Live() != len(inside) {
		t.Errorf("live %d, want %d", g.Live(), len(inside))
	}
}

func TestGateFromManyGoroutines(t *testing.T) {
	g := New(Config{MaxConns: 10, SourceRate: Limit{N: 1000, Per: time.Second}})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 2000 {
				now := start.Add(time.Duration(i) * time.Millisecond)
				if ticket, cause := g.Enter(numbered(worker*i%50), now); cause == None {
					g.Leave(ticket, now)
				}
				g.SetRules(nil)
				g.Full()
			}
		})
	}
	group.Wait()
	if g.Live() != 0 {
		t.Errorf("live %d", g.Live())
	}
}

func TestEnterAllocatesNothing(t *testing.T) {
	g := New(Config{PerSource: 10, Rate: Limit{N: 1 << 30, Per: time.Second}, SourceRate: Limit{N: 1 << 30, Per: time.Second}, Rules: mustRules(t, `10.:allow,A="b"`)})
	visit := func() { g.Leave(mustEnter(t, g, one, start), start) }
	visit()
	if n := testing.AllocsPerRun(1000, visit); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEnter(b *testing.B) {
	rules := NewRules(nil, manyBlocks(10_000))
	for _, c := range []struct {
		name    string
		config  Config
		sources int
	}{
		{"zero", Config{}, 1},
		{"per-source", Config{PerSource: 10}, 1000},
		{"everything", Config{PerSource: 10, Rate: Limit{N: 1 << 30, Per: time.Second}, SourceRate: Limit{N: 1 << 30, Per: time.Second}, Rules: rules}, 1000},
		{"scan", Config{PerSource: 10, SourceRate: Limit{N: 10, Per: time.Hour}}, 1 << 24},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := New(c.config)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if ticket, cause := g.Enter(numbered(i%c.sources), start); cause == None {
					g.Leave(ticket, start)
				}
			}
		})
	}
}

func manyBlocks(n int) []CIDR {
	var all []CIDR
	for i := range n {
		p := netip.MustParsePrefix(fmt.Sprintf("172.%d.%d.0/24", i>>8, i&255))
		all = append(all, CIDR{p})
	}
	return all
}

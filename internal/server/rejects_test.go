package server

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"nettool/internal/admit"
	"nettool/internal/report"
	"nettool/internal/server/loop"
)

// from is a connection from an address, as far as the log sees it.
func from(addr netip.Addr) *loop.Socket {
	sock := &loop.Socket{}
	sock.Remote.Addr = netip.AddrPortFrom(addr, 1234)
	sock.Remote.Text = sock.Remote.Addr.String()
	return sock
}

// logRejects has connections turned away, and returns the log's lines.
func logRejects(do func(r *rejects)) []string {
	var out bytes.Buffer
	log := report.NewLog(&out, "serve", "text", report.Normal)
	do(&rejects{log: log, event: "rejects", key: "cause"})
	log.Close()
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// TestRejectsSummed: ten of a source and cause have a line each, the others are
// added up, and a new second begins with none.
func TestRejectsSummed(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	lines := logRejects(func(r *rejects) {
		for i := range 25 {
			if first := r.add(from(a), admit.Deny); first != (i == 0) {
				t.Errorf("connection %d: first is %v", i, first)
			}
			r.add(from(b), admit.Full)
		}
		for range fewRejects + 1 {
			r.add(from(b), admit.Rate)
		}
		r.add(from(b), admit.Full)
		r.sum()
		if !r.add(from(a), admit.Deny) {
			t.Error("the next second does not begin with the first")
		}
		r.sum()
	})
	sums := lines[3*fewRejects : len(lines)-1]
	for i, want := range []string{
		"serve: rejects source=2001:db8::1 cause=full count=16",
		"serve: rejects source=10.0.0.1 cause=deny count=15",
		"serve: rejects source=2001:db8::1 cause=rate count=1",
	} {
		if i >= len(sums) || sums[i] != want {
			t.Errorf("line %d of the sums is not %q:\n%s", i, want, strings.Join(sums, "\n"))
		}
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "serve: reject remote=10.0.0.1:1234 ") {
		t.Errorf("the next second begins with %q", last)
	}
}

// TestRejectsOfManySources: what is remembered of sources is bounded.
func TestRejectsOfManySources(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("10.0.0.0")
	lines := logRejects(func(r *rejects) {
		for range mostSources + 100 {
			addr = addr.Next()
			r.add(from(addr), admit.SourceRate)
		}
		if len(r.count) > mostSources+1 {
			t.Errorf("%d sources are remembered", len(r.count))
		}
		r.sum()
	})
	if want := mostSources + fewRejects + 1; len(lines) != want {
		t.Errorf("%d lines, not %d", len(lines), want)
	}
	if last, want := lines[len(lines)-1], "serve: rejects source=others cause=source_rate count=90"; last != want {
		t.Errorf("the last line is %q, not %q", last, want)
	}
}

//go:build !portable

package pool

import (
	"io"
	"slices"
	"testing"

	"nettool/internal/handoff"
	"nettool/internal/server/run"
)

// babbled is a message as the child of these tests is told to send it.
func babbled(m handoff.Message) string {
	b, _ := handoff.Append(nil, m)
	return string(append([]byte{byte(2 * len(b))}, b...))
}

// TestAsk: a child can tell the source of the connection that it has, once, and
// nothing else about sources. A lie costs the child, and its connection.
func TestAsk(t *testing.T) {
	good := handoff.Ask{ID: 1, Source: "192.0.2.1:1", Dest: "192.0.2.2:2", Size: 40}
	with := func(change func(*handoff.Ask)) string {
		m := good
		change(&m)
		return babbled(&m)
	}
	for name, test := range map[string]struct {
		says   string
		next   bool   // the children have no handler
		reject string // how it is turned away; empty: its child breaks the contract
	}{
		"nothing":      {reject: "proxy "},
		"denied":       {says: with(func(m *handoff.Ask) { m.Source = "192.0.2.66:1" }), reject: "deny "},
		"twice":        {says: babbled(&good) + babbled(&good)},
		"another's":    {says: with(func(m *handoff.Ask) { m.ID = 2 })},
		"no source":    {says: with(func(m *handoff.Ask) { m.Source = "" })},
		"a name":       {says: with(func(m *handoff.Ask) { m.Source = "localhost:1" })},
		"a zone":       {says: with(func(m *handoff.Ask) { m.Source = "[fe80::1%lo]:1" })},
		"mapped":       {says: with(func(m *handoff.Ask) { m.Source = "[::ffff:192.0.2.1]:1" })},
		"no size":      {says: with(func(m *handoff.Ask) { m.Size = 0 })},
		"a large size": {says: with(func(m *handoff.Ask) { m.Size = 1 << 30 })},
		"keeps it":     {says: babbled(&good), next: true},
	} {
		t.Run(name, func(t *testing.T) {
			var passed []*run.Conn
			cfg := Config{}
			if test.next {
				cfg.Next = func(c *run.Conn) { passed = append(passed, c) }
			}
			h, p := start(t, cfg)
			client, c := h.ConnectAnonymous()
			word := "z"
			if test.says == "" {
				word = "a" // it comes to an end by itself
			}
			io.WriteString(client, word+test.says)
			client.CloseWrite()
			h.Until(func() bool { return len(h.Rejects)+len(h.EndedConns) > 0 })
			if test.reject != "" && !slices.Equal(h.Rejects, []string{test.reject}) {
				t.Errorf("turned away %q, want %q", h.Rejects, test.reject)
			}
			if test.reject == "" && (len(h.Rejects) > 0 || len(h.EndedConns) != 1 || h.ChildExits != 1) {
				t.Errorf("turned away %q, %d ended, %d children died", h.Rejects, len(h.EndedConns), h.ChildExits)
			}
			if len(h.OpenedPIDs) > 1 || len(passed) > 0 || c.Open() {
				t.Errorf("opened %v, passed on %v, still open %v", h.OpenedPIDs, passed, c.Open())
			}
			if len(p.busy) > 0 {
				t.Errorf("%d children are busy", len(p.busy))
			}
		})
	}
}

// TestHeaderLate: a child that does not come to an end with a header is killed.
func TestHeaderLate(t *testing.T) {
	h, p := start(t, Config{})
	p.patience.take = quiet
	client, c := h.ConnectAnonymous()
	io.WriteString(client, "h")
	if e := h.End(); e.Reason != handoff.Error || e.Err == "" || c.Open() {
		t.Errorf("ending: %+v, still open %v", e, c.Open())
	}
}

// TestStopAnonymous: who is told to end while its header is read ends in order, and
// the child lives on.
func TestStopAnonymous(t *testing.T) {
	h, p := start(t, Config{Spare: 1})
	client, c := h.ConnectAnonymous()
	h.Until(func() bool { return p.Holds(c) && c.PID > 0 })
	c.Force(handoff.Drain)
	p.Stop(c)
	if e := h.End(); e.Reason != handoff.Drain {
		t.Errorf("ending: %+v", e)
	}
	if rest, err := io.ReadAll(client); len(rest) > 0 || err != nil {
		t.Errorf("client reads %q, %v", rest, err)
	}
	if h.ChildExits > 0 || p.Holds(c) {
		t.Errorf("%d children died", h.ChildExits)
	}
}

package threads

import (
	"io"
	"slices"
	"testing"

	"nettool/internal/handoff"
)

func anonymous() handoff.Config {
	return handoff.Config{Handler: "echo", HeaderTime: 1 << 40}
}

// TestAnonymous: the header is read, its sender decided about, and what follows
// handled.
func TestAnonymous(t *testing.T) {
	h, r := start(t, anonymous())
	client, c := h.ConnectAnonymous()
	io.WriteString(client, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello")
	client.CloseWrite()
	e := h.End()
	if e.Reason != handoff.EOF || e.BytesIn != 5 || e.Remote != "192.0.2.1:1" || e.Local != "192.0.2.2:2" || e.Via == "" {
		t.Errorf("ending: %+v", e)
	}
	if got, err := io.ReadAll(client); string(got) != "hello" || err != nil {
		t.Errorf("client reads %q, %v", got, err)
	}
	if c.Anonymous || r.Left() != 0 || len(h.OpenedPIDs) != 1 {
		t.Errorf("anonymous %v, %d left, %d opened", c.Anonymous, r.Left(), len(h.OpenedPIDs))
	}
}

// TestTurnedAway: who may not come in, or says nothing that can be understood.
func TestTurnedAway(t *testing.T) {
	for says, want := range map[string]string{
		"PROXY TCP4 192.0.2.66 192.0.2.2 1 2\r\nhello": "deny ",
		"hello": `proxy no header: the connection begins with "hello"`,
	} {
		h, r := start(t, anonymous())
		r.cfg.Refusal = "go"
		client, _ := h.ConnectAnonymous()
		io.WriteString(client, says)
		client.CloseWrite()
		h.Until(func() bool { return len(h.Rejects) > 0 })
		if !slices.Equal(h.Rejects, []string{want}) || r.Left() != 0 || len(h.OpenedPIDs) > 0 {
			t.Errorf("%q: turned away %q, %d left, %d opened", says, h.Rejects, r.Left(), len(h.OpenedPIDs))
		}
		if got, err := io.ReadAll(client); string(got) != "go" || err != nil {
			t.Errorf("%q: client reads %q, %v", says, got, err)
		}
	}
}

// TestKillAnonymous: a connection that is ended while its header is read ends for
// that reason.
func TestKillAnonymous(t *testing.T) {
	h, r := start(t, anonymous())
	client, c := h.ConnectAnonymous()
	io.WriteString(client, "PROXY ")
	c.Force(handoff.Drain)
	r.Kill(c)
	if e := h.End(); e.Reason != handoff.Drain || r.Left() != 0 || len(h.Rejects) > 0 {
		t.Errorf("ending: %+v, %d left, turned away %q", e, r.Left(), h.Rejects)
	}
}

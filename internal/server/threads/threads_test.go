package threads

import (
	"io"
	"testing"

	"go.uber.org/goleak"

	"nettool/internal/handoff"
	"nettool/internal/server/run"
	"nettool/internal/server/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg handoff.Config) (*runtest.Host, *Runner) {
	t.Helper()
	h := runtest.New(t)
	r, err := New(cfg, nil, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	h.Use(r)
	return h, r
}

// TestEcho: a connection is handled to its end, and all about it is known.
func TestEcho(t *testing.T) {
	h, r := start(t, handoff.Config{Handler: "echo"})
	client, c := h.Connect()
	io.WriteString(client, "hello")
	buf := make([]byte, 5)
	if _, err := io.ReadFull(client, buf); err != nil || string(buf) != "hello" {
		t.Errorf("client reads %q, %v", buf, err)
	}
	r.Inspect(func(got *run.Conn, l run.Live) {
		if got != c || !l.Counted || l.BytesIn != 5 {
			t.Errorf("live: %+v", l)
		}
	})
	client.CloseWrite()
	e := h.End()
	if e.Reason != handoff.EOF || e.BytesIn != 5 || e.BytesOut != 5 || e.Exit >= 0 || e.PID != 0 {
		t.Errorf("ending: %+v", e)
	}
	if _, err := client.Read(buf); err != io.EOF {
		t.Errorf("client reads %v, want the end", err)
	}
	if r.Left() != 0 || len(h.OpenedPIDs) != 1 {
		t.Errorf("%d connections left, %d opened", r.Left(), len(h.OpenedPIDs))
	}
}

// TestCollect knows of an end as soon as the peer does, whatever the loop does.
func TestCollect(t *testing.T) {
	h, r := start(t, handoff.Config{Handler: "echo"})
	client, _ := h.Connect()
	client.CloseWrite()
	if _, err := io.ReadAll(client); err != nil {
		t.Fatal(err)
	}
	r.Collect()
	if len(h.EndedConns) != 1 || r.Left() != 0 {
		t.Errorf("%d connections ended, %d left", len(h.EndedConns), r.Left())
	}
}

// TestKill: the reason is the server's, and no error is told.
func TestKill(t *testing.T) {
	for _, end := range []func(*Runner, *run.Conn){(*Runner).Stop, (*Runner).Kill} {
		h, r := start(t, handoff.Config{Handler: "echo"})
		_, c := h.Connect()
		c.Force(handoff.Drain)
		end(r, c)
		if e := h.End(); e.Reason != handoff.Drain || e.Err != "" {
			t.Errorf("ending: %+v", e)
		}
		end(r, c) // once more: nothing happens
	}
}

// TestNoHandler: the name is checked.
func TestNoHandler(t *testing.T) {
	if _, err := New(handoff.Config{Handler: "nonsense"}, nil, runtest.New(t)); err == nil {
		t.Error("there is a handler called nonsense")
	}
}

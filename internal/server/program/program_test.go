package program

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"nettool/internal/handoff"
	"nettool/internal/server/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start makes a runner of a shell script.
func start(t *testing.T, script string, with ...func(*Config)) (*runtest.Host, *Runner) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cfg := Config{Path: sh, Argv: []string{"sh", "-c", script}, Account: true}
	for _, set := range with {
		set(&cfg)
	}
	h := runtest.New(t)
	r, err := New(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	h.Use(r)
	return h, r
}

// TestProgram has the socket as its standard input and output, and an
// environment about it.
func TestProgram(t *testing.T) {
	h, r := start(t, `read word; echo "$word $PROTO $TCPREMOTEPORT $NETTOOL_CONN_ID"; exit 3`)
	client, _ := h.Connect()
	io.WriteString(client, "hello\n")
	e := h.End()
	got, err := io.ReadAll(client)
	if want := fmt.Sprintf("hello TCP %d 1\n", client.LocalAddr().(*net.TCPAddr).Port); err != nil || string(got) != want {
		t.Errorf("client reads %q, %v; want %q", got, err, want)
	}
	if e.Reason != handoff.Exit || e.Exit != 3 || e.PID != h.OpenedPIDs[0] || h.Started != 1 {
		t.Errorf("ending: %+v", e)
	}
	if runtime.GOOS == "linux" && e.Counted && (e.BytesIn != 6 || e.BytesOut != int64(len(got))) {
		t.Errorf("counts: %+v", e)
	}
	if r.Left() != 0 {
		t.Errorf("%d programs left", r.Left())
	}
}

// TestStop and a program that has something to tidy up.
func TestStop(t *testing.T) {
	h, r := start(t, `trap 'echo bye; exit 4' TERM; echo ready; while :; do read x || sleep 0.1; done`)
	client, c := h.Connect()
	ready := make([]byte, 6)
	if _, err := io.ReadFull(client, ready); err != nil {
		t.Fatal(err)
	}
	c.Force(handoff.Drain)
	client.CloseWrite()
	r.Stop(c)
	e := h.End()
	if e.Reason != handoff.Drain || e.Exit != 4 {
		t.Errorf("ending: %+v", e)
	}
	if got, _ := io.ReadAll(client); string(got) != "bye\n" {
		t.Errorf("client reads %q", got)
	}
}

// TestKill and a program that does not listen, with all that it has started.
func TestKill(t *testing.T) {
	h, r := start(t, `trap '' TERM; sh -c 'echo ready; sleep 1000'`)
	client, c := h.Connect()
	ready := make([]byte, 6)
	if _, err := io.ReadFull(client, ready); err != nil {
		t.Fatal(err)
	}
	r.Stop(c)
	c.Force(handoff.Drain)
	r.Kill(c)
	if e := h.End(); e.Reason != handoff.Drain || e.Signal == 0 {
		t.Errorf("ending: %+v", e)
	}
	if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
		t.Errorf("client reads %q, %v: somebody has the socket still", got, err)
	}
}

// TestNoProgram: a program that cannot be started ends the connection, with the
// exit code that shells have for that.
func TestNoProgram(t *testing.T) {
	for path, want := range map[string]int{"/nonexistent": 127, "/": 126} {
		h, r := start(t, "", func(c *Config) { c.Path, c.Argv, c.Once = path, []string{"it"}, true })
		client, _ := h.Connect()
		if len(h.EndedConns) != 1 {
			t.Fatalf("%s: the connection has not ended", path)
		}
		if e := h.EndedConns[0]; e.Reason != handoff.Error || e.Exit != want || e.Err == "" || h.NotStarted != 1 || r.Left() != 0 {
			t.Errorf("%s: %+v", path, e)
		}
		if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
			t.Errorf("client reads %q, %v", got, err)
		}
	}
}

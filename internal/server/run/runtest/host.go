// Package runtest has a host for the tests of runners.
package runtest

import (
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/socket"
)

// Host is a run.Host that writes down what it is told.
type Host struct {
	EndedConns []run.Ending
	OpenedPIDs []int
	RoutedTo   []int
	Expired    []handoff.Reason
	Shortages  []string
	Rejects    []string // cause and why
	Started    int
	NotStarted int
	ChildExits int
	// ChildExitAttrs is what was said about the last of them.
	ChildExitAttrs string
	Files          []*handoff.Filed
	Failures       []error

	t      *testing.T
	loop   *loop.Loop
	ln     *loop.Listener
	runner run.Runner
	id     uint64
	came   *loop.Socket
}

// New makes a host with a loop and a listener on loopback, until the test is
// over.
func New(t *testing.T) *Host {
	t.Helper()
	l, err := loop.New(false)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{t: t, loop: l}
	a, err := socket.Parse("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all, err := socket.Listen(t.Context(), a, socket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if h.ln, err = l.Listen(all[0], h.accept); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.ln.Close()
		l.Close()
	})
	return h
}

// Use says which runner runs the connections, and waits until it is warm. The
// caller closes it.
func (h *Host) Use(r run.Runner) {
	h.t.Helper()
	h.UseUnready(r)
	warm := false
	if err := r.Warm(func() { warm = true }); err != nil {
		h.t.Fatal(err)
	}
	h.Until(func() bool { return warm })
}

// UseUnready says which runner runs the connections.
func (h *Host) UseUnready(r run.Runner) { h.runner = r }

func (h *Host) accept(ln *loop.Listener) {
	if h.came == nil {
		h.came, _ = ln.Accept()
	}
}

// Connect makes a connection, and has it run.
func (h *Host) Connect() (client *net.TCPConn, c *run.Conn) {
	h.t.Helper()
	return h.connect(func(*run.Conn) {})
}

// ConnectAnonymous makes a connection that begins with a PROXY header, and has it
// run.
func (h *Host) ConnectAnonymous() (client *net.TCPConn, c *run.Conn) {
	h.t.Helper()
	return h.connect(func(c *run.Conn) { c.Anonymous = true })
}

// ConnectTLS makes a connection that is to speak TLS for a program that is elsewhere,
// and has it run.
func (h *Host) ConnectTLS() (client *net.TCPConn, c *run.Conn) {
	h.t.Helper()
	return h.connect(func(c *run.Conn) { c.TLS, c.Relayed = true, true })
}

func (h *Host) connect(with func(*run.Conn)) (client *net.TCPConn, c *run.Conn) {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.ln.Addr.String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	h.Until(func() bool { return h.came != nil })
	h.id++
	c = &run.Conn{Socket: h.came, ID: h.id, Accepted: handoff.Now()}
	with(c)
	h.came = nil
	h.runner.Run(c)
	h.runner.Flush()
	return conn.(*net.TCPConn), c
}

// Until runs the loop until done says so, but no longer than a minute.
func (h *Host) Until(done func() bool) {
	h.t.Helper()
	late := false
	limit := h.loop.After(time.Minute, func() { late = true })
	defer h.loop.Cancel(limit)
	if err := h.loop.Run(func() bool { return late || done() }, h.settle); err != nil {
		h.t.Fatal(err)
	}
	if late {
		h.t.Fatal("nothing has happened for a minute")
	}
}

func (h *Host) settle() {
	h.ln.Poll(h.came == nil)
	if h.runner != nil {
		h.runner.Flush()
	}
}

// End waits for the next end of a connection.
func (h *Host) End() run.Ending {
	h.t.Helper()
	had := len(h.EndedConns)
	h.Until(func() bool { return len(h.EndedConns) > had })
	return h.EndedConns[had]
}

// Loop is the host's loop.
func (h *Host) Loop() *loop.Loop { return h.loop }

// Limit is ten connections.
func (h *Host) Limit() int { return 10 }

// Waiting is false.
func (h *Host) Waiting() bool { return false }

// Opened writes down which process has the connection.
func (h *Host) Opened(c *run.Conn) { h.OpenedPIDs = append(h.OpenedPIDs, c.PID) }

// Ended writes down how the connection ended.
func (h *Host) Ended(_ *run.Conn, e run.Ending) { h.EndedConns = append(h.EndedConns, e) }

// Identify has the connection be the header's, and lets in all but 192.0.2.66.
func (h *Host) Identify(c *run.Conn, got proxy.Received) admit.Cause {
	c.Forwarded(got)
	if c.Remote.Addr.Addr().String() == "192.0.2.66" {
		return admit.Deny
	}
	c.Anonymous = false
	return admit.None
}

// TurnAway writes down why, and closes the socket.
func (h *Host) TurnAway(c *run.Conn, cause admit.Cause, why string) {
	h.Rejects = append(h.Rejects, string(cause)+" "+why)
	c.Close()
}

// Routed writes down which backend it was.
func (h *Host) Routed(_ *run.Conn, backend int) { h.RoutedTo = append(h.RoutedTo, backend) }

// Room is there for less than a thousand bytes.
func (h *Host) Room(_ *run.Conn, bytes int64, answer func(cause string)) {
	if bytes < 1000 {
		answer("")
	} else {
		answer("no room")
	}
}

// Filed writes down which file it was.
func (h *Host) Filed(_ *run.Conn, f *handoff.Filed, noted func()) {
	h.Files = append(h.Files, f)
	noted()
}

// Expire writes down which timer has run out, and shuts the socket.
func (h *Host) Expire(c *run.Conn, reason handoff.Reason) {
	if c.Force(reason) {
		h.Expired = append(h.Expired, reason)
		c.Shutdown()
	}
}

// Abort is Expire's, and stops who has the connection.
func (h *Host) Abort(c *run.Conn, reason handoff.Reason) {
	h.Expire(c, reason)
	h.runner.Stop(c)
}

// Short writes down what has run out.
func (h *Host) Short(doing string, _ error) { h.Shortages = append(h.Shortages, doing) }

// Fail notes that the runner can run no connection.
func (h *Host) Fail(err error) { h.Failures = append(h.Failures, err) }

// Spawned counts.
func (h *Host) Spawned(err error) {
	if err != nil {
		h.NotStarted++
		return
	}
	h.Started++
}

// ChildExit counts, and keeps what is said.
func (h *Host) ChildExit(attrs ...slog.Attr) {
	h.ChildExits++
	h.ChildExitAttrs = fmt.Sprint(attrs)
}

package child_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// TestManyConnections sends connections of many sizes through one child: the
// bytes and the page's counts are exact.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	c := spawn(t, handoff.Config{Handler: "echo"})
	for i, size := range []int{0, 1, 16384, 16385, 3, 131072, 1_000_003, 0, 5} {
		client := c.connect()
		sent := bytes.Repeat([]byte{byte('a' + i)}, size)
		go func() {
			client.Write(sent)
			client.CloseWrite()
		}()
		got, err := io.ReadAll(client)
		client.Close()
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("connection %d: %d of %d bytes came back as they were, %v", i, len(got), size, err)
		}
		r := c.result()
		if r.BytesIn != int64(size) || r.BytesOut != int64(size) || r.Reason != handoff.EOF || r.Error != "" || r.RTT == 0 {
			t.Errorf("connection %d of %d bytes: %+v", i, size, r)
		}
	}
	c.Retire()
	if ws := c.exit(); ws != 0 {
		t.Errorf("retired, the child ended with %d", ws)
	}
}

// exit is the exit code of a child whose link is closed already.
func (c testChild) exit() int {
	c.t.Helper()
	var ws unix.WaitStatus
	if _, err := unix.Wait4(c.PID, &ws, 0, nil); err != nil {
		c.t.Fatal(err)
	}
	return ws.ExitStatus()
}

// TestNoLeak breaks a connection off in every state. Nothing of it is in the
// next connection of the same child.
func TestNoLeak(t *testing.T) {
	t.Parallel()
	const secret = "the secret of another connection "
	for _, name := range []string{"echo", "chargen", "discard", "daytime"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := spawn(t, handoff.Config{Handler: name})
			for i, size := range []int{100, 300_000, 5_000_000} {
				client := c.connect()
				client.SetReadBuffer(4096) // it never reads, so that much of the secret is on its way
				client.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
				client.Write(bytes.Repeat([]byte(secret), size/len(secret)))
				client.SetLinger(0)
				client.Close()
				if r := c.result(); i > 0 && name == "echo" && r.Reason != handoff.Reset {
					t.Errorf("aborted: reason %v, %q", r.Reason, r.Error)
				}
				next := c.connect()
				next.Write([]byte("hello"))
				next.CloseWrite()
				got, err := io.ReadAll(io.LimitReader(next, 50_000))
				next.Close()
				c.result()
				if err != nil || strings.Contains(string(got), "secret") {
					t.Errorf("after %d bytes: the next connection got %q, %v", size, got[:min(len(got), 100)], err)
				}
				if name == "echo" && string(got) != "hello" {
					t.Errorf("after %d bytes: the next connection got %q", size, got)
				}
			}
		})
	}
}

// TestRetiredWhileBusy: a busy child finishes its connection, then ends.
func TestRetiredWhileBusy(t *testing.T) {
	t.Parallel()
	c := spawn(t, handoff.Config{Handler: "echo"})
	client := c.connect()
	echoes(t, client, "before")
	c.Retire()
	echoes(t, client, "after")
	client.CloseWrite()
	if rest, err := io.ReadAll(client); len(rest) > 0 || err != nil {
		t.Errorf("got %q, %v; want EOF", rest, err)
	}
	if code := c.exit(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	if r := c.Take(); r.BytesIn != int64(len("beforeafter")) || r.Reason != handoff.EOF {
		t.Errorf("result %+v", r)
	}
}

// TestRetiredWithQueue: a connection that was sent before the end is served.
func TestRetiredWithQueue(t *testing.T) {
	t.Parallel()
	c := spawn(t, handoff.Config{Handler: "echo"})
	first, second := c.connect(), c.connect()
	c.Retire()
	for _, client := range []*net.TCPConn{first, second} {
		echoes(t, client, "hello")
		client.Close()
	}
	if code := c.exit(); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

// echoes sends text and expects it back.
func echoes(t *testing.T, client *net.TCPConn, text string) {
	t.Helper()
	client.Write([]byte(text))
	got := make([]byte, len(text))
	if _, err := io.ReadFull(client, got); err != nil || string(got) != text {
		t.Errorf("got %q, %v; want %q", got, err, text)
	}
}

// TestSignals: what stops a server must not cut its connections.
func TestSignals(t *testing.T) {
	t.Parallel()
	c := spawn(t, handoff.Config{Handler: "echo"})
	client := c.connect()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		syscall.Kill(c.PID, sig)
		echoes(t, client, sig.String())
	}
	syscall.Kill(c.PID, syscall.SIGKILL)
	if ws := c.ended(); ws.Signal() != syscall.SIGKILL {
		t.Errorf("ended with %v", ws)
	}
}

// TestTimers: the child enforces them, counted from the accept.
func TestTimers(t *testing.T) {
	t.Parallel()
	const short = 50 * time.Millisecond
	for _, test := range []struct {
		limits handoff.Limits
		want   handoff.Reason
	}{
		{handoff.Limits{FirstByte: short, Idle: time.Hour, MaxTime: time.Hour}, handoff.FirstByte},
		{handoff.Limits{Idle: short, MaxTime: time.Hour}, handoff.Idle},
		{handoff.Limits{FirstByte: time.Hour, MaxTime: short}, handoff.MaxTime},
	} {
		t.Run(test.want.String(), func(t *testing.T) {
			t.Parallel()
			c := spawn(t, handoff.Config{Handler: "echo", Limits: test.limits})
			for range 2 { // the child is as good as new afterwards
				client := c.connect()
				if rest, err := io.ReadAll(client); len(rest) > 0 || err != nil {
					t.Errorf("got %q, %v; want EOF", rest, err)
				}
				if r := c.result(); r.Reason != test.want || r.Error != "" {
					t.Errorf("result %+v", r)
				}
			}
		})
	}
}

// TestUnknownHandler: the child ends by itself, with the code of a usage error.
func TestUnknownHandler(t *testing.T) {
	t.Parallel()
	s, err := spawner(handoff.Config{Handler: "bogus"})
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.Spawn()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Release()
	c := testChild{k, t}
	want := "nettool child: error: handler \"bogus\": there is no such handler\n"
	if text, _ := c.hear().(handoff.Text); string(text) != want {
		t.Errorf("says %q, want %q", text, want)
	}
	if ws := c.ended(); ws.ExitStatus() != 2 {
		t.Errorf("ended with %d", ws.ExitStatus())
	}
}

package child_test

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// patience bounds what should happen at once.
const patience = 30 * time.Second

// testChild is a real child and its parent's side.
type testChild struct {
	*handoff.Child
	t *testing.T
}

func spawner(config handoff.Config) (*handoff.Spawner, error) {
	board, err := handoff.NewBoard()
	if err != nil {
		return nil, err
	}
	board.Want(true)
	return &handoff.Spawner{Config: config, Board: board, Environ: []string{"GORACE=atexit_sleep_ms=0"}}, nil
}

// spawn starts a child that sends Done messages, and waits until it is ready.
func spawn(t *testing.T, config handoff.Config) testChild {
	t.Helper()
	s, err := spawner(config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Spawn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Kill(c.PID, unix.SIGKILL)
		c.Retire()
		unix.Wait4(c.PID, nil, 0, nil)
		c.Release()
	})
	k := testChild{c, t}
	if m, ok := k.hear().(*handoff.Ready); !ok {
		t.Fatalf("got %#v, want ready", m)
	}
	return k
}

// hear is the child's next message, nil for its end.
func (c testChild) hear() handoff.Message {
	c.t.Helper()
	fds := []unix.PollFd{{Fd: int32(c.Sock), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(patience/time.Millisecond))
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil {
			c.t.Fatalf("child says nothing: %v", err)
		}
		m, err := c.Receive()
		if err != nil && err != io.EOF {
			c.t.Fatalf("child says: %v", err)
		}
		return m
	}
}

// result waits for the end of the connection at hand.
func (c testChild) result() handoff.Result {
	c.t.Helper()
	if m, ok := c.hear().(*handoff.Done); !ok || !c.Finished() {
		c.t.Fatalf("got %#v, finished %v; want done", m, c.Finished())
	}
	return c.Take()
}

// ended waits for the child's end.
func (c testChild) ended() unix.WaitStatus {
	c.t.Helper()
	if m := c.hear(); m != nil {
		c.t.Errorf("got %#v at the child's end", m)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(c.PID, &ws, 0, nil); err != nil {
		c.t.Fatal(err)
	}
	return ws
}

// connect gives the child a TCP connection and returns the client's end.
func (c testChild) connect() *net.TCPConn {
	c.t.Helper()
	client, server := tcpPair(c.t)
	if err := give(c.Child, server); err != nil {
		c.t.Fatal(err)
	}
	return client
}

// give hands a connection over, and closes our copy.
func give(c *handoff.Child, server *net.TCPConn) error {
	defer server.Close()
	raw, err := server.SyscallConn()
	if err != nil {
		return err
	}
	raw.Control(func(fd uintptr) {
		unix.SetNonblock(int(fd), false) // as accept4 of the server leaves it
		err = c.Send(&handoff.Conn{ID: 1, Accepted: handoff.Now(), Local: "l", Remote: "r"}, int(fd))
	})
	return err
}

func tcpPair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

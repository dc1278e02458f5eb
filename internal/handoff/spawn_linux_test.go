package handoff

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/spawn"
)

// patience bounds what should happen at once.
const patience = 30_000 // milliseconds

// startChild starts a child of the test binary and waits until it is ready.
func startChild(t *testing.T, board *Board, handler string) *Child {
	t.Helper()
	return startChildWith(t, board, handler, nil)
}

func startChildWith(t *testing.T, board *Board, handler string, starter *spawn.Starter) *Child {
	t.Helper()
	s := &Spawner{Config: Config{Handler: handler}, Board: board, Environ: testEnviron(), Starter: starter}
	c, err := s.Spawn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Release() })
	return c
}

// testEnviron spares processes under -race a second at their end.
func testEnviron() []string { return []string{"A=b", "GORACE=atexit_sleep_ms=0"} }

// hear is the child's next message.
func hear(t *testing.T, c *Child) (Message, error) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(c.Sock), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, patience)
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil {
			t.Fatalf("the child says nothing: %v", err)
		}
		return c.Receive()
	}
}

func ready(t *testing.T, c *Child) {
	t.Helper()
	m, err := hear(t, c)
	if _, ok := m.(*Ready); !ok {
		t.Fatalf("got %#v, %v; want ready", m, err)
	}
}

// give sends the child one end of a pair, and returns the other, which reads
// what the child's handler says.
func give(t *testing.T, c *Child, m *Conn) *os.File {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.SetNonblock(fds[1], false)
	peer := os.NewFile(uintptr(fds[0]), "peer")
	t.Cleanup(func() { peer.Close() })
	peer.SetDeadline(time.Now().Add(patience * time.Millisecond))
	err = c.Send(m, fds[1])
	unix.Close(fds[1])
	if err != nil {
		t.Fatal(err)
	}
	return peer
}

// reap waits for the child's end.
func reap(t *testing.T, c *Child) unix.WaitStatus {
	t.Helper()
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(c.PID, &ws, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return ws
	}
}

func TestSpawn(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	board.Want(true)
	c := startChild(t, board, "")
	ready(t, c)
	for i := range 3 {
		peer := give(t, c, &Conn{ID: uint64(i), Local: "here", Remote: "hello", Env: []string{"X=1", "Y=2"}})
		got, err := io.ReadAll(peer)
		if want := fmt.Sprintf("%d here X=1,Y=2\n", i); string(got) != want || err != nil {
			t.Errorf("the child says %q, %v; want %q", got, err, want)
		}
		m, err := hear(t, c)
		if d, ok := m.(*Done); !ok || d.Seq != uint64(i+1) || !c.Finished() {
			t.Fatalf("got %#v, %v, finished %v", m, err, c.Finished())
		}
		r := c.Take()
		if r.Ended <= 0 || r.Ended > Now() {
			t.Errorf("ended at %d, now is %d", r.Ended, Now())
		}
		r.Ended = 0
		if want := (Result{BytesOut: int64(len(got)), RTT: 6, Retrans: 7, Reason: Quit, Error: "eight"}); r != want {
			t.Errorf("result %+v, want %+v", r, want)
		}
	}
	c.Retire()
	if ws := reap(t, c); ws.ExitStatus() != 0 {
		t.Errorf("retired, the child ended with %v", ws)
	}
	c.Retire()
	if err := c.Send(&Conn{}, 0); err == nil {
		t.Error("a retired child takes a connection")
	}
}

// TestChildProcess: what a child has of its parent, and what not.
func TestChildProcess(t *testing.T) {
	t.Parallel()
	t.Run("direct", func(t *testing.T) { checkChild(t, nil) })
	t.Run("apart", func(t *testing.T) {
		s := &spawn.Starter{Crowd: 1} // from a thread with a descriptor table of its own
		t.Cleanup(s.Close)
		checkChild(t, s)
	})
}

func checkChild(t *testing.T, s *spawn.Starter) {
	t.Helper()
	c := startChildWith(t, testBoard(t), "", s)
	ready(t, c)
	facts, err := io.ReadAll(give(t, c, &Conn{Remote: "facts"}))
	if err != nil {
		t.Fatal(err)
	}
	want := `args ["nettool" "child"]
leader true
env A=b
env GORACE=atexit_sleep_ms=0
env GOMAXPROCS=1
fd 0 cloexec false /dev/null
fd 1 cloexec false /dev/null
fd 2 cloexec false socket
fd 3 cloexec true socket
`
	got := string(facts)
	conn := 0
	ours := inherited()
	var rest strings.Builder
	for line := range strings.Lines(got) {
		switch {
		case strings.HasPrefix(line, "fd ") && ours[strings.Fields(line)[1]]:
		case strings.HasSuffix(line, " cloexec true socket\n") && !strings.HasPrefix(line, "fd 3 "):
			conn++
		default:
			rest.WriteString(line)
		}
	}
	if rest.String() != want || conn != 1 {
		t.Errorf("the child has\n%s\nwant its connection, and\n%s", got, want)
	}
	c.Retire()
	reap(t, c)
}

// inherited are the descriptors that somebody gave to this process, and that it
// gives to all its children: names in /proc/self/fd.
func inherited() map[string]bool {
	found := map[string]bool{}
	for fd := 4; fd < 1024; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			found[strconv.Itoa(fd)] = true
		}
	}
	return found
}

// TestQuietBoard: without a wish for messages there is none, and the page tells.
func TestQuietBoard(t *testing.T) {
	t.Parallel()
	c := startChild(t, testBoard(t), "")
	ready(t, c)
	io.ReadAll(give(t, c, &Conn{Remote: "hello"})) // to the end: the child closes, then marks its page
	awaitPage(t, c)
	if m, err := c.Receive(); err != unix.EAGAIN {
		t.Errorf("got %#v, %v; want nothing", m, err)
	}
	c.Retire()
	reap(t, c)
}

// TestDeath: the link tells of a child's death, and its page outlives it.
func TestDeath(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	c := startChild(t, board, "")
	ready(t, c)
	io.ReadAll(give(t, c, &Conn{Remote: "die"}))
	if m, err := hear(t, c); err != io.EOF {
		t.Errorf("got %#v, %v; want EOF", m, err)
	}
	if ws := reap(t, c); ws.Signal() != unix.SIGKILL {
		t.Errorf("ended with %v", ws)
	}
	if _, out := c.Page().Counts(); c.Finished() || out != int64(len("dying\n")) {
		t.Errorf("finished %v after %d bytes", c.Finished(), out)
	}
	if err := c.Send(&Conn{}, 0); err == nil {
		t.Error("a dead child takes a connection")
	}
	c.Retire()

	stillborn := startChild(t, board, "stillborn")
	if m, err := hear(t, stillborn); err != io.EOF {
		t.Errorf("got %#v, %v; want EOF", m, err)
	}
	if ws := reap(t, stillborn); ws.ExitStatus() != 5 {
		t.Errorf("ended with %v", ws)
	}
	stillborn.Retire()
}

// TestUnreadMessages: a child whose messages nobody reads goes on, and ends in
// order when it is retired with all of them unread.
func TestUnreadMessages(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	board.Want(true)
	c := startChild(t, board, "")
	for i := range uint64(600) { // more than a link holds
		peer := give(t, c, &Conn{ID: i})
		io.ReadAll(peer)
		peer.Close()
		awaitPage(t, c)
		c.Take()
	}
	c.Retire()
	if ws := reap(t, c); ws.ExitStatus() != 0 {
		t.Errorf("ended with %v", ws)
	}
}

// awaitPage waits until the child's page says that it has finished.
func awaitPage(t *testing.T, c *Child) {
	t.Helper()
	for end := time.Now().Add(patience * time.Millisecond); !c.Finished(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("the child's page does not say that it has finished")
		}
	}
}

// TestText: what a child writes to its standard error comes by the link, as much of
// it as fits, also once the child is retired.
func TestText(t *testing.T) {
	t.Parallel()
	c := startChild(t, testBoard(t), "")
	ready(t, c)
	for _, length := range []int{1, 100, 1 << 15} {
		give(t, c, &Conn{Remote: "speak", ID: uint64(length)})
		m, err := hear(t, c)
		if got, ok := m.(Text); !ok || string(got) != strings.Repeat("x", min(length, 16<<10)) {
			t.Errorf("%d bytes of text: got %d of %T, %v", length, len(got), m, err)
		}
		awaitPage(t, c)
		c.Take()
	}
	give(t, c, &Conn{Remote: "speak", ID: 7})
	c.Retire()
	if m, err := hear(t, c); string(m.(Text)) != "xxxxxxx" {
		t.Errorf("retired: got %v, %v", m, err)
	}
	reap(t, c)
	if m, err := hear(t, c); err != io.EOF {
		t.Errorf("got %#v, %v; want EOF", m, err)
	}
}

// TestLiar: a child that claims a connection too many is not believed.
func TestLiar(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	board.Want(true)
	c := startChild(t, board, "")
	ready(t, c)
	io.ReadAll(give(t, c, &Conn{Remote: "twice"}))
	m, err := hear(t, c)
	if d, ok := m.(*Done); !ok || d.Seq != 2 || c.Finished() {
		t.Errorf("got %#v, %v, finished %v", m, err, c.Finished())
	}
	c.Retire()
	reap(t, c)
}

// TestWrongOrder starts children by hand and sends them what must not come.
func TestWrongOrder(t *testing.T) {
	t.Parallel()
	board := testBoard(t)
	pageFD, _ := testPage(t)
	config := &Config{}
	for _, test := range []struct {
		name string
		send func(sock int) error
		code int
	}{
		{"a connection first", func(s int) error { return send(s, &Conn{}, nil, 0, pageFD) }, 1},
		{"a configuration without its pages", func(s int) error { return send(s, config, nil, 0) }, 1},
		{"a configuration with one page", func(s int) error { return send(s, config, nil, 0, pageFD) }, 1},
		{"nothing at all", func(int) error { return nil }, 1},
		{"not a message", func(s int) error { return unix.Send(s, []byte("hello"), 0) }, 1},
		{"two configurations", func(s int) error {
			send(s, config, nil, 0, pageFD, board.fd)
			return send(s, config, nil, 0, pageFD, board.fd)
		}, 3},
		{"a connection without a socket", func(s int) error {
			send(s, config, nil, 0, pageFD, board.fd)
			return send(s, &Conn{}, nil, 0)
		}, 3},
		{"a connection with two sockets", func(s int) error {
			send(s, config, nil, 0, pageFD, board.fd)
			return send(s, &Conn{}, nil, 0, pageFD, board.fd)
		}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.send(fds[0]); err != nil {
				t.Fatal(err)
			}
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			s := &Spawner{Board: board, Environ: testEnviron()}
			pid, err := s.fork(fds[1])
			unix.Close(fds[1])
			unix.Shutdown(fds[0], unix.SHUT_WR) // EOF follows
			if err != nil {
				t.Fatal(err)
			}
			if ws := reap(t, &Child{PID: pid}); ws.ExitStatus() != test.code {
				t.Errorf("ended with %v, want exit code %d", ws.ExitStatus(), test.code)
			}
			unix.Close(fds[0])
		})
	}
}

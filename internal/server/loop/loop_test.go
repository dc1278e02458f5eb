package loop

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test with a loop that waits in the kernel, and with a parked one.
func each(t *testing.T, test func(t *testing.T, l *Loop)) {
	for name, parked := range map[string]bool{"own thread": false, "parked": true} {
		t.Run(name, func(t *testing.T) {
			l, err := New(parked)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			test(t, l)
		})
	}
}

// run runs the loop until done says so, but no longer than a minute.
func run(t *testing.T, l *Loop, done func() bool, polled ...*Listener) {
	t.Helper()
	late := false
	limit := l.After(time.Minute, func() { late = true })
	if err := l.Run(func() bool { return late || done() }, func() { poll(polled) }); err != nil {
		t.Fatal(err)
	}
	if late {
		t.Fatal("nothing has happened for a minute")
	}
	l.Cancel(limit)
}

func poll(all []*Listener) {
	for _, ln := range all {
		ln.Poll(true)
	}
}

// TestPost: what many goroutines post runs, all of it, one after the other.
func TestPost(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		const posters, each = 8, 1000
		sum := 0
		var all sync.WaitGroup
		for range posters {
			all.Go(func() {
				for range each {
					l.Post(func() { sum++ })
				}
			})
		}
		run(t, l, func() bool { return sum == posters*each })
		all.Wait()
	})
}

// TestPostFromTheLoop: a function that is posted by another runs in a later
// turn, without a wait.
func TestPostFromTheLoop(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		left := 100
		var again func()
		again = func() {
			if left--; left > 0 {
				l.Post(again)
			}
		}
		l.Post(again)
		run(t, l, func() bool { return left == 0 })
	})
}

// TestTimers fire in the order of their times, and not when they were cancelled.
func TestTimers(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		var fired []time.Time // those of the timers
		for _, n := range []int{5, 1, 4, 2, 3} {
			var timer *Timer
			timer = l.After(time.Duration(n)*time.Millisecond, func() { fired = append(fired, timer.when) })
		}
		never := l.After(2*time.Millisecond, func() { t.Error("a cancelled timer has fired") })
		l.Cancel(never)
		l.Cancel(never)
		l.Cancel(nil)
		run(t, l, func() bool { return len(fired) == 5 })
		if !slices.IsSortedFunc(fired, time.Time.Compare) {
			t.Errorf("fired: %v", fired)
		}
	})
}

// TestTimersBesidePosts: neither starves the other.
func TestTimersBesidePosts(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		fired, turns := false, 0
		var again func()
		again = func() {
			if turns++; !fired {
				l.Post(again)
			}
		}
		l.Post(again)
		l.After(10*time.Millisecond, func() { fired = true })
		run(t, l, func() bool { return fired })
		if turns < 2 {
			t.Errorf("%d turns", turns)
		}
	})
}

// listen opens a listener and gives it to the loop.
func listen(t *testing.T, l *Loop, addr string, arrived func(*Listener)) *Listener {
	t.Helper()
	a, err := socket.Parse(addr)
	if err != nil {
		t.Fatal(err)
	}
	all, err := socket.Listen(t.Context(), a, socket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := l.Listen(all[0], arrived)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func dial(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestListener: connections come in while the listener is polled, each with both
// its ends, and work as streams.
func TestListener(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		var got []*Socket
		ln := listen(t, l, "127.0.0.1:0", func(ln *Listener) {
			for {
				s, err := ln.Accept()
				if err == ErrNone {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, s)
			}
		})
		defer ln.Close()
		first := dial(t, ln.Addr)
		run(t, l, func() bool { return len(got) == 1 }, ln)
		second := dial(t, ln.Addr)
		run(t, l, func() bool { return len(got) == 2 }, ln)
		for i, client := range []net.Conn{first, second} {
			if got[i].Remote.Text != client.LocalAddr().String() || got[i].Local.Text != ln.Addr.String() {
				t.Errorf("connection %d is %s to %s", i, got[i].Remote.Text, got[i].Local.Text)
			}
			speak(t, got[i], client)
		}
	})
}

// speak checks a stream and its half-closes.
func speak(t *testing.T, s *Socket, client net.Conn) {
	t.Helper()
	stream, err := s.Stream()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	io.WriteString(client, "question")
	client.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(stream); string(got) != "question" || err != nil {
		t.Errorf("stream reads %q, %v", got, err)
	}
	io.WriteString(stream, "answer")
	stream.CloseWrite()
	if got, err := io.ReadAll(client); string(got) != "answer" || err != nil {
		t.Errorf("client reads %q, %v", got, err)
	}
	s.Close() // given away: nothing happens
	if err := stream.Close(); err != nil {
		t.Errorf("close stream: %v", err)
	}
}

// TestPollOff: a client waits in the backlog until the listener is polled again.
func TestPollOff(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		var got *Socket
		calls := 0
		ln := listen(t, l, "127.0.0.1:0", func(ln *Listener) {
			calls++
			if s, err := ln.Accept(); err == nil {
				got = s
			}
		})
		defer ln.Close()
		ln.Poll(true)
		ln.Poll(false)
		dial(t, ln.Addr)
		pause := false
		l.After(50*time.Millisecond, func() { pause = true })
		run(t, l, func() bool { return pause })
		if calls != 0 {
			t.Errorf("called %d times while not polled", calls)
		}
		run(t, l, func() bool { return got != nil }, ln)
		got.Close()
	})
}

// TestNotTaken: a connection that the callback leaves is offered again.
func TestNotTaken(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		var got *Socket
		calls := 0
		ln := listen(t, l, "127.0.0.1:0", func(ln *Listener) {
			if calls++; calls < 3 {
				return
			}
			if s, err := ln.Accept(); err == nil {
				got = s
			}
		})
		defer ln.Close()
		dial(t, ln.Addr)
		run(t, l, func() bool { return got != nil }, ln)
		got.Close()
	})
}

// TestRest brings in all that has connected before.
func TestRest(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		const clients = 10
		ln := listen(t, l, "127.0.0.1:0", func(*Listener) {})
		for range clients {
			dial(t, ln.Addr)
		}
		var rest []*Socket
		over := false
		ln.Rest(func(all []*Socket) { rest, over = all, true })
		run(t, l, func() bool { return over })
		if len(rest) != clients {
			t.Errorf("%d connections, want %d", len(rest), clients)
		}
		for _, s := range rest {
			s.Close()
		}
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
		if err := ln.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
		if c, err := net.Dial("tcp", ln.Addr.String()); err == nil {
			c.Close()
			t.Error("the closed listener still listens")
		}
	})
}

// TestRefuse: a client reads why it was refused though it has sent something.
func TestRefuse(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		refused := 0
		ln := listen(t, l, "127.0.0.1:0", func(ln *Listener) {
			if s, err := ln.Accept(); err == nil {
				l.Refuse(s, "go away\n", true)
				refused++
			}
		})
		defer ln.Close()
		client := dial(t, ln.Addr)
		io.WriteString(client, "question")
		run(t, l, func() bool { return refused == 1 }, ln)
		io.WriteString(client, "and another one") // is no reason for a reset
		if got, err := io.ReadAll(client); string(got) != "go away\n" || err != nil {
			t.Errorf("client reads %q, %v", got, err)
		}
		client.Close()
		run(t, l, func() bool { return l.refused == 0 }, ln)
	})
}

// TestUnixListener: the socket file goes with the listener.
func TestUnixListener(t *testing.T) {
	each(t, func(t *testing.T, l *Loop) {
		path := filepath.Join(t.TempDir(), "s")
		ln := listen(t, l, "unix:"+path, func(*Listener) {})
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		ln.Close()
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the file is left: %v", err)
		}
	})
}

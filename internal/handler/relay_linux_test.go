package handler

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
)

// relayed is a relay at work, with the ends of the client and of the program.
type relayed struct {
	client  *net.TCPConn
	program *net.UnixConn
	in, out atomic.Int64
	result  chan error
}

// startRelay begins a relay without a protocol in between.
func startRelay(t *testing.T, limits handoff.Limits) *relayed {
	t.Helper()
	r := &relayed{result: make(chan error, 1)}
	var server *net.TCPConn
	r.client, server = tcpPair(t)
	fd := copyOf(t, server)
	server.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(pair[0]), "program")
	conn, err := net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	r.program = conn.(*net.UnixConn)
	t.Cleanup(func() { r.program.Close() })
	kept, err := unix.FcntlInt(uintptr(pair[1]), unix.F_DUPFD_CLOEXEC, 0) // as the server does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(kept) })
	r.client.SetDeadline(time.Now().Add(30 * time.Second))
	r.program.SetDeadline(time.Now().Add(30 * time.Second))
	go func() {
		raw := NewRaw(fd, limits, time.Now(), new(handoff.Activity))
		err := Relay(&Session{Conn: raw, In: &r.in, Out: &r.out}, raw, pair[1])
		unix.Close(fd)
		unix.Close(pair[1])
		r.result <- err
	}()
	return r
}

// copyOf is a blocking descriptor of a connection.
func copyOf(t *testing.T, c *net.TCPConn) (fd int) {
	t.Helper()
	f, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if fd, err = unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	return fd
}

// over is what the relay has come to.
func (r *relayed) over(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the relay goes on")
		return nil
	}
}

// eachWay runs a test with timers, which wait in poll(2), and without.
func eachWay(t *testing.T, test func(*testing.T, *relayed)) {
	t.Parallel()
	for name, limits := range map[string]handoff.Limits{"plain": {}, "timed": {Idle: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, startRelay(t, limits))
		})
	}
}

// TestRelaySlowProgram: a program that has said all reads what the client has said, to
// the last byte, although both ends of the client's are over.
func TestRelaySlowProgram(t *testing.T) {
	eachWay(t, func(t *testing.T, r *relayed) {
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
		go func() {
			r.client.Write(sent)
			r.client.CloseWrite()
		}()
		r.program.CloseWrite()
		if rest, err := io.ReadAll(r.client); len(rest) > 0 || err != nil {
			t.Errorf("client reads %d bytes, %v", len(rest), err)
		}
		for r.in.Load() < 1<<17 { // the rest waits for the program
			time.Sleep(time.Millisecond)
		}
		got, err := io.ReadAll(r.program)
		if !bytes.Equal(got, sent) || err != nil {
			t.Errorf("program reads %d bytes of %d, %v", len(got), len(sent), err)
		}
		r.program.Close()
		if err := r.over(t); err != nil || r.in.Load() != int64(len(sent)) || r.out.Load() != 0 {
			t.Errorf("%v after %d bytes in and %d out", err, r.in.Load(), r.out.Load())
		}
	})
}

// TestRelayProgramEnds: what it has said arrives, and its end, although the client says
// nothing.
func TestRelayProgramEnds(t *testing.T) {
	eachWay(t, func(t *testing.T, r *relayed) {
		said := bytes.Repeat([]byte("x"), 1<<20)
		go func() {
			r.program.Write(said)
			r.program.Close()
		}()
		got, err := io.ReadAll(r.client)
		if !bytes.Equal(got, said) || err != nil {
			t.Errorf("client reads %d bytes, %v", len(got), err)
		}
		if err := r.over(t); err != nil || r.out.Load() != int64(len(said)) {
			t.Errorf("%v after %d bytes out", err, r.out.Load())
		}
	})
}

// TestRelayReset: a client that is cut off is no end for its program, whatever that is
// doing.
func TestRelayReset(t *testing.T) {
	for name, prepare := range map[string]func(*relayed){
		"both wait": func(*relayed) {},
		"program does not read": func(r *relayed) {
			r.client.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			r.client.Write(make([]byte, 8<<20))
		},
		"client does not read": func(r *relayed) {
			r.program.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			r.program.Write(make([]byte, 16<<20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, r *relayed) {
				prepare(r)
				r.client.SetLinger(0)
				r.client.Close()
				if reason, text := ReasonOf(r.over(t)); reason != handoff.Reset {
					t.Errorf("ended as %v, %q", reason, text)
				}
				r.program.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				for { // what has come, and then nothing
					if _, err := r.program.Read(make([]byte, 1<<20)); err != nil {
						if !errors.Is(err, os.ErrDeadlineExceeded) {
							t.Errorf("the program sees %v", err)
						}
						break
					}
				}
			})
		})
	}
}

// TestRelayIdle: silence on both sides ends it, also when one has ended.
func TestRelayIdle(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*relayed){
		"both wait":       func(*relayed) {},
		"client ended":    func(r *relayed) { r.client.CloseWrite() },
		"program ended":   func(r *relayed) { r.program.CloseWrite() },
		"program is full": func(r *relayed) { r.client.Write(make([]byte, 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRelay(t, handoff.Limits{Idle: 200 * time.Millisecond})
			prepare(r)
			if reason, text := ReasonOf(r.over(t)); reason != handoff.Idle {
				t.Errorf("ended as %v, %q", reason, text)
			}
		})
	}
}

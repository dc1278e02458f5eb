package spawn

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRuntime: garbage collections in the thread and elsewhere, timers, and a
// busy network, while processes start. Polling with the wrong descriptors ends
// the program ("netpoll failed").
func TestRuntime(t *testing.T) {
	t.Parallel()
	s := always(t)
	output(t, s, "true")
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 8 {
		others.Go(func() { chat(ctx, t) })
	}
	others.Go(func() {
		for ctx.Err() == nil {
			runtime.GC()
			runtime.Gosched()
		}
	})
	for range 30 {
		output(t, s, "true")
		inside(t, s, func() {
			runtime.GC() // this thread starts the world again, and polls
			time.AfterFunc(time.Microsecond, func() {})
		})
	}
	if got := s.lastWay(); got != apart {
		t.Errorf("started by %s", got)
	}
	cancel()
	others.Wait()
}

// chat sends bytes to and fro over TCP until ctx ends, with a new connection now
// and then.
func chat(ctx context.Context, t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return
	}
	var server sync.WaitGroup
	defer server.Wait()
	defer l.Close()
	server.Go(func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			io.Copy(conn, conn)
			conn.Close()
		}
	})
	for ctx.Err() == nil {
		if err := say(l.Addr().String()); err != nil {
			t.Error(err)
			return
		}
	}
}

// say has 20 bytes echoed, one by one.
func say(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience * time.Millisecond))
	for range 20 {
		if _, err := conn.Write([]byte{1}); err != nil {
			return err
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return nil
}

// TestLeader: a goroutine that finds itself in the leader's thread lets another
// do its work.
func TestLeader(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(cmd.Environ(), aloneEnv+"=leader", "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// checkLeader is TestLeader in its own process, in the main goroutine, which is
// in the leader's thread.
func checkLeader() error {
	if unix.Gettid() != unix.Getpid() {
		return fmt.Errorf("this is thread %d of process %d, not the leader", unix.Gettid(), unix.Getpid())
	}
	t := &thread{settled: make(chan struct{}), calls: make(chan func(), 1), returned: make(chan struct{})}
	t.work()
	var tid int
	if !t.do(func() { tid = unix.Gettid() }) || tid == unix.Getpid() {
		return fmt.Errorf("the work is done in thread %d of process %d", tid, unix.Getpid())
	}
	t.close()
	return nil
}

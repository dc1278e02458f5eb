package applets_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"nettool/internal/zoo"
)

// cmdCrowd has N clients at the same time send bytes of their own through an
// echo server, and expect them back, then the end: crowd N ADDRESS [SIZE].
func cmdCrowd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: crowd N ADDRESS [SIZE]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	size := 64
	if len(args) > 2 {
		size, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	failures := make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := zoo.Echo(args[1], i, size); err != nil {
				failures <- fmt.Errorf("client %d: %w", i, err)
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v (%d of %d clients failed)", err, len(failures)+1, n)
	}
}

// cmdKnock connects to an echo server from each of the addresses, one after the
// other, and expects all to be let in, or with ! all to be closed without a
// word: knock PORT SOURCE…. The server has the same family on every address.
func cmdKnock(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: knock PORT SOURCE…")
	}
	var all sync.WaitGroup
	wrong := make([]error, len(args)-1)
	for i, source := range args[1:] {
		knock := func() {
			host := "127.0.0.1"
			if strings.Contains(source, ":") && !strings.HasPrefix(source, "::ffff:") {
				host = "::1"
			}
			in, err := answered(source, net.JoinHostPort(host, args[0]))
			if err == nil && in == neg {
				err = fmt.Errorf("let in is %v", in)
			}
			if err != nil {
				wrong[i] = fmt.Errorf("%s: %w", source, err)
			}
		}
		if neg { // closed all at once
			all.Go(knock)
		} else {
			knock()
		}
	}
	all.Wait()
	ts.Check(errors.Join(wrong...))
}

// answered reports whether an echo server answers, or closes without a word.
func answered(source, addr string) (bool, error) {
	c, err := dialFrom(source, addr)
	if err != nil {
		return false, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("x")); err != nil {
		return false, refused(err)
	}
	n, err := c.Read(make([]byte, 1))
	return n == 1, refused(err)
}

// refused drops the errors that a server's close makes.
func refused(err error) error {
	if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// cmdFollows knocks until a source is let in: follows PORT SOURCE.
func cmdFollows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: follows PORT SOURCE")
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		in, err := answered(args[1], net.JoinHostPort("127.0.0.1", args[0]))
		ts.Check(err)
		if in {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s is not let in", args[1])
		}
	}
}

// cmdQueue connects N clients to an echo server, each of which sends a line of its
// own and ends its side, and does not wait: queue NAME N ADDRESS. They are NAME1
// and so on.
func cmdQueue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: queue NAME N ADDRESS")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		name := args[0] + strconv.Itoa(i+1)
		cmdDial(ts, false, []string{name, args[2]})
		cmdSay(ts, false, []string{name, name + `\n`})
		cmdHangup(ts, false, []string{name, "write"})
	}
	for i := range n {
		delivered(ts, args[0]+strconv.Itoa(i+1))
	}
}

// delivered waits until the other end's kernel has all that a client has sent, and so
// has the connection: what is still in flight when a listener closes is reset.
func delivered(ts *testscript.TestScript, name string) {
	raw, err := dialed(ts, name).(syscall.Conn).SyscallConn()
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		unacked := 0
		ts.Check(raw.Control(func(fd uintptr) { unacked, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }))
		ts.Check(err)
		if unacked == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %d bytes are not acknowledged", name, unacked)
		}
	}
}

// cmdServed waits until the clients of queue have heard their lines and the end:
// served NAME N.
func cmdServed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: served NAME N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		name := args[0] + strconv.Itoa(i+1)
		dialed(ts, name).SetDeadline(time.Now().Add(patience))
		cmdHear(ts, false, []string{name, name + `\n`})
		cmdHear(ts, false, []string{name, "eof"})
	}
}

// cmdHoldOpen opens N connections at once, sends a byte over each, and hears it
// back: holdopen NAME N ADDRESS. letgo NAME closes them.
func cmdHoldOpen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: holdopen NAME N ADDRESS")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		c, err := zoo.Dial(args[2])
		ts.Check(err)
		ts.Defer(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		_, err = c.Write([]byte{'x'})
		ts.Check(err)
		_, err = io.ReadFull(c, make([]byte, 1))
		ts.Check(err)
		sceneOf(ts).dials[fmt.Sprintf("%s.%d", args[0], i)] = c
	}
}

// cmdLetGo closes the connections of holdopen: letgo NAME.
func cmdLetGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: letgo NAME")
	}
	for name, c := range sceneOf(ts).dials {
		if strings.HasPrefix(name, args[0]+".") {
			c.Close()
			delete(sceneOf(ts).dials, name)
		}
	}
}

// cmdSurplus has N clients hold connections to an echo server at the same time:
// some are answered, and the others are closed: surplus N ADDRESS.
func cmdSurplus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: surplus N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var all, told sync.WaitGroup
	var in, out atomic.Int32
	told.Add(n)
	for range n {
		all.Go(func() {
			c, err := zoo.Dial(args[1])
			if err != nil {
				told.Done()
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			c.Write([]byte("x"))
			if got, err := c.Read(make([]byte, 1)); got == 1 {
				in.Add(1)
			} else if refused(err) == nil {
				out.Add(1)
			}
			told.Done()
			told.Wait()
		})
	}
	all.Wait()
	if in.Load() == 0 || out.Load() == 0 || int(in.Load()+out.Load()) != n {
		ts.Fatalf("%d answered and %d closed of %d", in.Load(), out.Load(), n)
	}
}

// cmdResets has N clients, one after the other, take from a program that writes
// on and on what fits into their receive buffers, and reset the connection. The
// closing line of each must say so, and no more bytes than could have arrived:
//
//	resets NAME N
func cmdResets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: resets NAME N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n {
		remote, received, err := zoo.FillAndReset(ts.Getenv(args[0] + "_ADDR"))
		ts.Check(err)
		line := `close .*remote=` + regexp.QuoteMeta(remote) + ` .*reason=([a-z_]+) bytes_in=0 bytes_out=([0-9]+) `
		cmdWaitlog(ts, false, []string{args[0], line})
		m := regexp.MustCompile(line).FindStringSubmatch(lookup(ts, args[0]).text())
		if out, _ := strconv.Atoi(m[2]); m[1] != "reset" || out > received+1<<16 {
			ts.Fatalf("the client reset after %d bytes: %s", received, m[0])
		}
	}
}

// cmdFates runs N clients, some at the same time, that end in all the ways in
// which clients end: fates N ADDRESS. Every fifth comes from
// 127.9.0.1. How each ends on a loaded machine is not asked here.
func cmdFates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fates N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	turns, failures := make(chan struct{}, 32), make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			if err := zoo.Fate(args[1], i); err != nil {
				failures <- fmt.Errorf("client %d: %w", i, err)
			}
			<-turns
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v", err)
	}
}

// cmdHostile opens N connections to an address and keeps them: some say
// nothing, some begin a request and never end it, some send far too much, some
// ask and never read: hostile N ADDRESS.
func cmdHostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hostile N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		c, err := zoo.Hostile(args[1], i)
		ts.Check(err)
		ts.Defer(func() { c.Close() })
	}
}

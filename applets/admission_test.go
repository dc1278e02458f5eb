package applets_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// admissionCommands are the script commands of the tests of who may come in,
// how long, and what happens when something runs out.
func admissionCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"dialfrom":       cmdDialFrom,
		"crowdfrom":      cmdCrowdFrom,
		"knock":          cmdKnock,
		"stall":          cmdStall,
		"unstall":        cmdUnstall,
		"descriptors":    cmdDescriptors,
		"pause":          cmdPause,
		"nextdescriptor": cmdNextDescriptor,
		"within":         cmdWithin,
		"surplus":        cmdSurplus,
		"line":           cmdLine,
		"follows":        cmdFollows,
		"reloading":      cmdReloading,
		"read":           cmdRead,
	}
}

// dialFrom connects to an address from a source address.
func dialFrom(source, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	return d.Dial("tcp", addr)
}

// cmdDialFrom is dial, from a source address: dialfrom NAME SOURCE ADDRESS.
func cmdDialFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: dialfrom NAME SOURCE ADDRESS")
	}
	c, err := dialFrom(args[1], args[2])
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	dials(ts)[args[0]] = c
}

// cmdKnock connects to an echo server from each of the addresses, one after the
// other, and expects all to be let in, or with ! all to be closed without a
// word: knock PORT SOURCE…. The server has the same family on every address.
func cmdKnock(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: knock PORT SOURCE…")
	}
	for _, source := range args[1:] {
		host := "127.0.0.1"
		if strings.Contains(source, ":") && !strings.HasPrefix(source, "::ffff:") {
			host = "::1"
		}
		if in, err := answered(source, net.JoinHostPort(host, args[0])); err != nil {
			ts.Fatalf("%s: %v", source, err)
		} else if in == neg {
			ts.Fatalf("%s: let in is %v", source, in)
		}
	}
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

// cmdCrowdFrom has clients at N source addresses, one after the other at each of
// 8 at a time, go through an echo server: crowdfrom N ADDRESS. The sources are
// 127.1.0.1 and so on.
func cmdCrowdFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: crowdfrom N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	sources := make(chan string)
	failures := make(chan error, n)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for source := range sources {
				if in, err := answered(source, args[1]); err != nil || !in {
					failures <- fmt.Errorf("%s: let in is %v, %w", source, in, err)
				}
			}
		})
	}
	for i := range n {
		sources <- fmt.Sprintf("127.1.%d.%d", i/250, i%250+1)
	}
	close(sources)
	all.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v (%d of %d failed)", err, len(failures)+1, n)
	}
}

// cmdStall stops reading a process's standard error: stall NAME.
func cmdStall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stall NAME")
	}
	lookup(ts, args[0]).stalled.Lock()
}

// cmdUnstall reads it again: unstall NAME.
func cmdUnstall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unstall NAME")
	}
	lookup(ts, args[0]).stalled.Unlock()
}

// cmdDescriptors sets $VAR to how many descriptors a process has open; with a
// number in place of VAR it waits until it is at most that many: descriptors
// NAME VAR|MOST.
func cmdDescriptors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: descriptors NAME VAR|MOST")
	}
	dir := filepath.Join("/proc", strconv.Itoa(lookup(ts, args[0]).cmd.Process.Pid), "fd")
	count := func() int {
		entries, err := os.ReadDir(dir)
		ts.Check(err)
		return len(entries)
	}
	most, err := strconv.Atoi(args[1])
	if err != nil {
		ts.Setenv(args[1], strconv.Itoa(count()))
		return
	}
	for deadline := time.Now().Add(patience); count() > most; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s has %d descriptors open, want at most %d", args[0], count(), most)
		}
	}
}

// cmdPause lets a time pass that is the point of the test, as in "not cut after
// so long": pause DUR.
func cmdPause(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pause DUR")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

// cmdRead takes everything until the end, whatever it is: read NAME.
func cmdRead(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: read NAME")
	}
	_, err := io.Copy(io.Discard, dialed(ts, args[0]))
	ts.Check(refused(err))
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

// cmdReloading has clients at two sources knock while a server's rules file
// changes between two versions: the first source is always let in and the second
// one never: reloading NAME FILE VERSION VERSION SOURCE SOURCE.
func cmdReloading(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 6 {
		ts.Fatalf("usage: reloading NAME FILE VERSION VERSION SOURCE SOURCE")
	}
	addr := ts.Getenv(args[0] + "_ADDR")
	stop := make(chan struct{})
	failures := make(chan error, 2)
	var knocking sync.WaitGroup
	for i, source := range args[4:] {
		knocking.Go(func() { knockUntil(stop, source, addr, i == 0, failures) })
	}
	for i := range 40 {
		text := ts.ReadFile(args[2+i%2])
		ts.Check(os.WriteFile(ts.MkAbs(args[1]+".new"), []byte(text), 0o644))
		ts.Check(os.Rename(ts.MkAbs(args[1]+".new"), ts.MkAbs(args[1])))
		cmdSignal(ts, false, []string{args[0], "HUP"})
		cmdWaitlog(ts, false, []string{args[0], `: reload `, strconv.Itoa(i + 1)})
	}
	close(stop)
	knocking.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v", err)
	}
}

// knockUntil knocks from source until stop is closed, or until it is not let in
// as it should be.
func knockUntil(stop <-chan struct{}, source, addr string, want bool, failures chan<- error) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if in, err := answered(source, addr); err != nil || in != want {
			failures <- fmt.Errorf("%s: let in is %v, %v", source, in, err)
			return
		}
	}
}

// cmdLine sets $VAR to the next line of a connection: line NAME VAR.
func cmdLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: line NAME VAR")
	}
	var line []byte
	for b := make([]byte, 1); b[0] != '\n'; {
		_, err := io.ReadFull(dialed(ts, args[0]), b)
		ts.Check(err)
		line = append(line, b[0])
	}
	ts.Setenv(args[1], strings.TrimSpace(string(line)))
}

// cmdWithin is start, after a shell has set limits: within 'ulimit -n 64' NAME
// tcpserve ARG….
func cmdWithin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: within COMMAND NAME tcpserve ARG…")
	}
	command, serving := withReadyFD(args[2:])
	start(ts, args[1], append([]string{"sh", "-c", args[0] + ` && exec "$0" "$@"`}, command...), serving)
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
			c, err := dialTo(args[1])
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

// cmdNextDescriptor sets $VAR to a limit of descriptors that leaves a process
// none: the lowest number that is not in use. With "holes" it is the number after
// the highest in use, which leaves what is not in use below.
//
//	nextdescriptor NAME VAR [holes]
func cmdNextDescriptor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nextdescriptor NAME VAR [holes]")
	}
	dir := filepath.Join("/proc", strconv.Itoa(lookup(ts, args[0]).cmd.Process.Pid), "fd")
	next := 0
	for n := range 64 { // what our own starter left open may be far above
		if _, err := os.Lstat(filepath.Join(dir, strconv.Itoa(n))); err == nil {
			next = n + 1
		} else if len(args) == 2 {
			break
		}
	}
	ts.Setenv(args[1], strconv.Itoa(next))
}

package applets_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/internal/zoo"
)

// cmdPeer starts a server in the test process:
//
//	peer NAME [unix:PATH] KIND [ARG…]
//
// $NAME_ADDR and $NAME_PORT say where. When a connection is over, what the
// server read is in the file NAME.got.
func cmdPeer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: peer NAME [unix:PATH] KIND [ARG…]")
	}
	name, args := args[0], args[1:]
	network, addr := "tcp", "127.0.0.1:0"
	if path, ok := strings.CutPrefix(args[0], "unix:"); ok {
		if network, addr = "unix", path; path[0] != '@' {
			addr = ts.MkAbs(path)
		}
		args = args[1:]
	}
	behave, err := zoo.Behaviour(args)
	ts.Check(err)
	l, err := net.Listen(network, addr)
	ts.Check(err)
	p := zoo.Serve(l, behave, func(v *zoo.Visit) { os.WriteFile(ts.MkAbs(name+".got"), v.Got.Bytes(), 0o644) })
	ts.Defer(p.Close)
	sceneOf(ts).peers[name] = p
	ts.Setenv(name+"_ADDR", l.Addr().String())
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		ts.Setenv(name+"_PORT", fmt.Sprint(a.Port))
	}
}

// cmdPeerDone waits until a peer's first connection is over: peerdone NAME.
func cmdPeerDone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: peerdone NAME")
	}
	p := sceneOf(ts).peers[args[0]]
	if p == nil {
		ts.Fatalf("no peer %q", args[0])
	}
	select {
	case <-p.Done():
	case <-time.After(patience):
		ts.Fatalf("%s is still busy", args[0])
	}
}

// cmdTarget starts a server that misbehaves in a way of its own:
//
//	target NAME KIND
//
// $NAME_ADDR and $NAME_PORT say where; see serveAs for the kinds.
func cmdTarget(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: target NAME KIND")
	}
	t, err := zoo.NewTarget(args[1], ts.MkAbs("."), args[0])
	ts.Check(err)
	ts.Defer(t.Close)
	sceneOf(ts).targets[args[0]] = t
	ts.Setenv(args[0]+"_ADDR", t.Addr)
	if i := strings.LastIndexByte(t.Addr, ':'); i >= 0 {
		ts.Setenv(args[0]+"_PORT", t.Addr[i+1:])
	}
}

// cmdOpen lets a target change its ways: "later" starts to listen, "dropping"
// starts to hold connections, "full" has room for one, "dns" knows its name.
func cmdOpen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: open NAME")
	}
	ts.Check(targetOf(ts, args[0]).Open())
}

// cmdShut makes a target stop listening; its connections and its port stay. open
// brings a "later" back.
func cmdShut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shut NAME")
	}
	ts.Check(targetOf(ts, args[0]).Shut())
}

// cmdAccepted waits until a target has accepted MIN connections, and checks that
// they are no more than MAX: accepted NAME MIN MAX.
func cmdAccepted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: accepted NAME MIN MAX")
	}
	low, _ := strconv.Atoi(args[1])
	high, _ := strconv.Atoi(args[2])
	t := targetOf(ts, args[0])
	for late := time.Now().Add(patience); t.Accepted() < low && time.Now().Before(late); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := t.Accepted(); n < low || n > high {
		ts.Fatalf("%s has accepted %d connections, want %d to %d", args[0], n, low, high)
	}
}

func targetOf(ts *testscript.TestScript, name string) *zoo.Target {
	t := sceneOf(ts).targets[name]
	if t == nil {
		ts.Fatalf("no target %q", name)
	}
	return t
}

// cmdDatagrams starts a server that answers each datagram with its length and
// its text: datagrams NAME udp|echo|mute|unixgram:PATH. That of echo answers with the
// datagram itself, those of mute and unixgram answer nobody. What it got is in NAME.got, a
// line for each.
func cmdDatagrams(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: datagrams NAME udp|echo|mute|unixgram:PATH")
	}
	network, addr := "udp", "127.0.0.1:0"
	if path, ok := strings.CutPrefix(args[1], "unixgram:"); ok {
		network, addr = "unixgram", path
		if !strings.HasPrefix(path, "@") {
			addr = ts.MkAbs(path)
		}
	}
	pc, err := net.ListenPacket(network, addr)
	ts.Check(err)
	log, err := os.Create(ts.MkAbs(args[0] + ".got"))
	ts.Check(err)
	done := make(chan struct{})
	go answerDatagrams(pc, args[1], log, done)
	ts.Defer(func() { pc.Close(); <-done; log.Close() })
	ts.Setenv(args[0]+"_ADDR", pc.LocalAddr().String())
	if at, ok := pc.LocalAddr().(*net.UDPAddr); ok {
		ts.Setenv(args[0]+"_PORT", strconv.Itoa(at.Port))
	}
}

func answerDatagrams(pc net.PacketConn, kind string, log *os.File, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 1<<16)
	for {
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		fmt.Fprintf(log, "%d: %q\n", n, buf[:min(n, 40)])
		switch {
		case from == nil || kind == "mute":
		case kind == "echo":
			pc.WriteTo(buf[:n], from)
		default:
			pc.WriteTo(fmt.Appendf(nil, "%d: %s", n, buf[:min(n, 40)]), from)
		}
	}
}

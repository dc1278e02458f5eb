package applets_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdDatagrams starts a server that answers each datagram with its length and
// its text: datagrams NAME udp|unixgram:PATH. What it got is in NAME.got, a
// line for each; a unixgram server answers nobody.
func cmdDatagrams(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: datagrams NAME udp|unixgram:PATH")
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
	go answerDatagrams(pc, log, done)
	ts.Defer(func() { pc.Close(); <-done; log.Close() })
	ts.Setenv(args[0]+"_ADDR", pc.LocalAddr().String())
}

func answerDatagrams(pc net.PacketConn, log *os.File, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 1<<16)
	for {
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		fmt.Fprintf(log, "%d: %q\n", n, buf[:min(n, 40)])
		if from != nil {
			pc.WriteTo(fmt.Appendf(nil, "%d: %s", n, buf[:min(n, 40)]), from)
		}
	}
}

// cmdOpenLater makes the port of "unused NAME" a peer that says TEXT, once
// NAME's process has noticed that it is closed: openlater NAME PROCESS TEXT
// waits for "trying again" in the log of PROCESS.
func cmdOpenLater(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: openlater NAME PROCESS TEXT")
	}
	cmdWaitlog(ts, false, []string{args[1], "trying again"})
	reserved := reservedPort(ts, args[0])
	reserved.listen(ts, args[2])
}

// cmdAwaitPort waits until a process listens that is a server of another tool:
// awaitport NAME.
func cmdAwaitPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaitport NAME")
	}
	p := lookup(ts, args[0])
	for end := time.Now().Add(patience); !listens(ts, p.cmd.Process.Pid); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.exited:
			ts.Fatalf("%s has ended:\n%s", args[0], p.text())
		default:
		}
		if time.Now().After(end) {
			ts.Fatalf("%s does not listen:\n%s", args[0], p.text())
		}
	}
}

// cmdWaitFile waits until a file that a process writes matches:
// waitfile FILE REGEXP.
func cmdWaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfile FILE REGEXP")
	}
	re := regexp.MustCompile(args[1])
	for end := time.Now().Add(patience); ; {
		text, _ := os.ReadFile(ts.MkAbs(args[0]))
		if re.Match(text) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("no match for %q in %s:\n%s", args[1], args[0], text)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

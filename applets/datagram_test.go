package applets_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"nettool/internal/zoo"
)

// hearDatagram is hear for datagrams: TEXT is one of them, or refused, which is what ICMP
// says.
func hearDatagram(ts *testscript.TestScript, c io.Reader, word string, want []byte) {
	buf := make([]byte, 1<<18)
	n, err := c.Read(buf)
	if word == "refused" && errors.Is(err, syscall.ECONNREFUSED) {
		return
	}
	if err != nil || word == "refused" || !bytes.Equal(buf[:n], want) {
		ts.Fatalf("heard %.100q, %v; want %.100q", buf[:n], err, want)
	}
}

// cmdTalks has N clients at once talk to an echo server by datagrams, COUNT each, of
// different sizes, and of some several at a time: talks N ADDRESS COUNT. Each is to come
// back once, and in order.
func cmdTalks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: talks N ADDRESS COUNT")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	var all sync.WaitGroup
	failed := make([]error, n)
	for i := range n {
		all.Go(func() { failed[i] = talk(args[1], i, count) })
	}
	all.Wait()
	ts.Check(errors.Join(failed...))
}

// talk is one client of talks.
func talk(addr string, id, count int) error {
	c, err := zoo.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	buf := make([]byte, 1<<16)
	together := 1 + id%4 // on their way at the same time
	text := func(i int) []byte {
		return append(fmt.Appendf(nil, "client %d datagram %d ", id, i), bytes.Repeat([]byte{'.'}, (i*i*7)%1500)...)
	}
	for sent, heard := 0, 0; heard < count; heard++ {
		for ; sent < min(heard+together, count); sent++ {
			if _, err := c.Write(text(sent)); err != nil {
				return err
			}
		}
		n, err := c.Read(buf)
		if err != nil {
			return fmt.Errorf("client %d, datagram %d: %w", id, heard, err)
		}
		if want := text(heard); !bytes.Equal(buf[:n], want) {
			return fmt.Errorf("client %d, datagram %d: got %.40q, want %.40q", id, heard, buf[:n], want)
		}
	}
	return nil
}

// cmdAsk sends a datagram, again and again while it is not heard back, as clients do of
// what may get lost: ask NAME TEXT.
func cmdAsk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ask NAME TEXT")
	}
	c := dialed(ts, args[0]).(*net.UDPConn)
	buf := make([]byte, 1<<16)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		_, err := c.Write([]byte(args[1]))
		ts.Check(err)
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if n, err := c.Read(buf); err == nil && string(buf[:n]) == args[1] {
			return
		}
	}
	ts.Fatalf("no answer")
}

// cmdBig sends a datagram of SIZE bytes to an echo server and expects it back: big NAME
// SIZE.
func cmdBig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: big NAME SIZE")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := dialed(ts, args[0])
	text := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	_, err = c.Write(text)
	ts.Check(err)
	hearDatagram(ts, c, "", text)
}

// cmdBurst sends COUNT datagrams and reads nothing meanwhile: burst NAME COUNT.
func cmdBurst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: burst NAME COUNT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := dialed(ts, args[0])
	for i := range n {
		_, err := fmt.Fprintf(c, "datagram %d", i)
		ts.Check(err)
	}
}

// cmdEchoes hears what a burst has sent, each once and in order: echoes NAME COUNT.
func cmdEchoes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: echoes NAME COUNT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := dialed(ts, args[0])
	for i := range n {
		hearDatagram(ts, c, "", fmt.Appendf(nil, "datagram %d", i))
	}
}

// cmdFlood sends a datagram from each of N sources of 127.0.0.0/8, and waits for nothing:
// flood N ADDRESS. 127.0.0.1 is none of them.
func cmdFlood(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flood N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	to, err := net.ResolveUDPAddr("udp", strings.TrimPrefix(args[1], "udp:"))
	ts.Check(err)
	c, err := net.ListenUDP("udp4", nil)
	ts.Check(err)
	defer c.Close()
	for i := range n {
		from := net.IPv4(127, byte(1+i>>16), byte(i>>8), byte(i))
		oob := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte(from.To4())})
		if _, _, err := c.WriteMsgUDP([]byte("x"), oob, to); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			ts.Fatalf("from %v: %v", from, err)
		}
	}
}

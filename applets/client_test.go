package applets_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"nettool/internal/zoo"
)

// cmdDial opens a connection: dial NAME ADDRESS. With ! it must be refused: for
// unix sockets, as a port may be another's by now.
func cmdDial(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: dial NAME ADDRESS")
	}
	c, err := zoo.Dial(args[1])
	if neg {
		if err == nil {
			c.Close()
			ts.Fatalf("%s accepts connections", args[1])
		}
		return
	}
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	sceneOf(ts).dials[args[0]] = c
}

func dialed(ts *testscript.TestScript, name string) net.Conn {
	c := sceneOf(ts).dials[name]
	if c == nil {
		ts.Fatalf("no connection %q", name)
	}
	c.SetDeadline(time.Now().Add(patience)) // of what is done with it now
	return c
}

// dialFrom connects to an address from a source address.
func dialFrom(source, addr string) (net.Conn, error) {
	if at, ok := strings.CutPrefix(addr, "udp:"); ok {
		number := 0
		host, port, err := net.SplitHostPort(source)
		if err != nil {
			host = source
		} else if number, err = strconv.Atoi(port); err != nil {
			return nil, err
		}
		return (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(host), Port: number}}).Dial("udp", at)
	}
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	return d.Dial("tcp", addr)
}

// cmdDialFrom is dial, from a source address: dialfrom NAME SOURCE ADDRESS. For udp:
// SOURCE may have a port.
func cmdDialFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: dialfrom NAME SOURCE ADDRESS")
	}
	c, err := dialFrom(args[1], args[2])
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	sceneOf(ts).dials[args[0]] = c
}

// cmdDialUnix connects to a unix socket from a socket with a name of its own:
// dialunix NAME FROM ADDRESS. \xNN in FROM means what it means in Go.
func cmdDialUnix(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: dialunix NAME FROM ADDRESS")
	}
	from := &net.UnixAddr{Net: "unix", Name: string(unquote(ts, args[1]))}
	to := &net.UnixAddr{Net: "unix", Name: strings.TrimPrefix(args[2], "unix:")}
	c, err := net.DialUnix("unix", from, to)
	ts.Check(err)
	c.SetDeadline(time.Now().Add(patience))
	ts.Defer(func() { c.Close() })
	sceneOf(ts).dials[args[0]] = c
}

// cmdSay sends bytes: say NAME TEXT.
func cmdSay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: say NAME TEXT")
	}
	_, err := dialed(ts, args[0]).Write(unquote(ts, args[1]))
	ts.Check(err)
}

// cmdHear expects bytes, or the end: hear NAME TEXT; hear NAME eof; hear NAME
// fin (and no reset comes behind it, which Read would not tell); hear NAME reset;
// hear NAME end (whichever it is).
func cmdHear(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hear NAME TEXT|eof|fin|reset|end")
	}
	c := dialed(ts, args[0])
	want := unquote(ts, args[1])
	switch args[1] {
	case "eof", "fin", "reset", "end":
		rest, err := io.ReadAll(c)
		reset := errors.Is(err, syscall.ECONNRESET)
		if len(rest) > 0 || (err != nil && !reset) || (args[1] == "reset") != reset && args[1] != "end" {
			ts.Fatalf("heard %q, %v; want %s", rest, err, args[1])
		}
		if args[1] == "fin" && resetFollows(ts, c) {
			ts.Fatalf("a reset comes behind the end")
		}
		return
	}
	if network := c.LocalAddr().Network(); network == "udp" || network == "unixgram" {
		hearDatagram(ts, c, args[1], want)
		return
	}
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if err != nil || !bytes.Equal(got, want) {
		ts.Fatalf("heard %q, %v; want %q", got[:n], err, want)
	}
}

// resetFollows reports whether a connection whose end was read is reset within a
// moment.
func resetFollows(ts *testscript.TestScript, c net.Conn) bool {
	raw, err := c.(syscall.Conn).SyscallConn()
	ts.Check(err)
	n := 0
	ts.Check(raw.Control(func(fd uintptr) {
		for n, err = -1, unix.EINTR; err == unix.EINTR; {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, 100) // POLLERR and POLLHUP always count
		}
	}))
	ts.Check(err)
	return n > 0
}

// cmdHangup ends a connection: hangup NAME write (half-close), close or abort
// (a reset).
func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hangup NAME write|close|abort")
	}
	c := dialed(ts, args[0])
	switch args[1] {
	case "write":
		ts.Check(c.(interface{ CloseWrite() error }).CloseWrite())
	case "abort":
		ts.Check(c.(*net.TCPConn).SetLinger(0))
		ts.Check(c.Close())
	default:
		ts.Check(c.Close())
	}
}

// cmdRead takes everything until the end, whatever it is: read NAME.
func cmdRead(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: read NAME")
	}
	_, err := io.Copy(io.Discard, dialed(ts, args[0]))
	ts.Check(refused(err))
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

// cmdConverse connects to an echo server, sends a byte and hears it: whoever has
// the connection then has it indeed: converse NAME ADDRESS.
func cmdConverse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: converse NAME ADDRESS")
	}
	cmdDial(ts, false, args)
	cmdSay(ts, false, []string{args[0], "x"})
	cmdHear(ts, false, []string{args[0], "x"})
}

// cmdSynSent waits until somebody is trying to connect to a target in vain (proc(5),
// /proc/net/tcp): synsent NAME.
func cmdSynSent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: synsent NAME")
	}
	port, _ := strconv.Atoi(ts.Getenv(args[0] + "_PORT"))
	line := regexp.MustCompile(fmt.Sprintf(`: [0-9A-F]+:[0-9A-F]+ 0100007F:%04X 02 `, port))
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		table, err := os.ReadFile("/proc/net/tcp")
		ts.Check(err)
		if line.Match(table) {
			return
		}
	}
	ts.Fatalf("nobody is connecting to port %d", port)
}

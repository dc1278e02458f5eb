package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"nettool/internal/exit"
)

func TestInterleave(t *testing.T) {
	for in, want := range map[string]string{
		"4a":             "4a",
		"6a 6b 6c 4a 4b": "6a 4a 6b 4b 6c",
		"4a 4b 6a":       "4a 6a 4b",
		"6a 6b":          "6a 6b",
	} {
		if got := names(interleave(candidates(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := interleave(nil); got != nil {
		t.Errorf("nothing becomes %v", got)
	}
}

// candidates turns "4a 6b" into 10.0.0.10 and fd00::b.
func candidates(text string) []netip.AddrPort {
	var all []netip.AddrPort
	for _, word := range strings.Fields(text) {
		ip := netip.AddrFrom4([4]byte{10, 0, 0, word[1]})
		if word[0] == '6' {
			ip = netip.AddrFrom16([16]byte{0: 0xfd, 15: word[1]})
		}
		all = append(all, netip.AddrPortFrom(ip, 1))
	}
	return all
}

func names(all []netip.AddrPort) string {
	var words []string
	for _, c := range all {
		family := "6"
		if c.Addr().Is4() {
			family = "4"
		}
		bytes := c.Addr().AsSlice()
		words = append(words, family+string(bytes[len(bytes)-1]))
	}
	return strings.Join(words, " ")
}

// closedPort is an address where nobody listens and, until the test ends, nobody
// else will: the near end of a connection.
func closedPort(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); far.Close() })
	return conn.LocalAddr().String()
}

func addrPorts(texts ...string) (all []netip.AddrPort) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddrPort(text))
	}
	return all
}

func TestDialReportsEveryAttempt(t *testing.T) {
	t.Parallel()
	targets := []string{closedPort(t, "127.0.0.1"), closedPort(t, "::1"), closedPort(t, "127.0.0.2")}
	_, err := Addr{Network: "tcp", Host: "x", Port: "1"}.race(testContext(t), addrPorts(targets...), Options{})
	failed, ok := errors.AsType[*DialError](err)
	if !ok || len(failed.Attempts) != 3 {
		t.Fatalf("got %v", err)
	}
	for i, line := range strings.Split(failed.Error(), "\n") {
		if !strings.HasPrefix(line, "connect "+targets[i]+": connection refused after ") || !strings.HasSuffix(line, "s") {
			t.Errorf("line %d is %q", i, line)
		}
	}
	if exit.Of(err) != exit.Unreachable || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got code %d", exit.Of(err))
	}
}

func TestDialTakesTheOneThatAnswers(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "[::1]:0", Options{})[0]
	conn, err := Addr{Network: "tcp"}.race(testContext(t), addrPorts(closedPort(t, "127.0.0.1"), l.Addr().String(), l.Addr().String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.RemoteAddr().String() != l.Addr().String() {
		t.Errorf("connected to %v", conn.RemoteAddr())
	}
}

func TestDialCodes(t *testing.T) {
	timeout := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	files := &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	for _, c := range []struct {
		errs []error
		want exit.Code
	}{
		{[]error{refused}, exit.Unreachable},
		{[]error{refused, timeout}, exit.ConnectTimeout},
		{[]error{context.DeadlineExceeded, refused}, exit.ConnectTimeout},
		{[]error{files}, exit.Local},
		{[]error{files, refused}, exit.Unreachable},
		{[]error{&optionError{"SO_BINDTODEVICE x", syscall.ENODEV}}, exit.Local},
	} {
		e := &DialError{}
		for _, err := range c.errs {
			e.Attempts = append(e.Attempts, Attempt{Err: err})
		}
		if got := e.code(); got != c.want {
			t.Errorf("%v: got %d, want %d", c.errs, got, c.want)
		}
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errRefused)}, "connection refused"},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "connection reset by peer"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errTimedOut)}, "timed out"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "timed out"},
		{context.DeadlineExceeded, "timed out"},
		{context.Canceled, "cancelled"},
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, "no such host"},
		{&net.DNSError{Err: "server misbehaving", Name: "x"}, "server misbehaving"},
		{&net.OpError{Op: "dial", Err: syscall.EAGAIN}, "resource temporarily unavailable"},
		{errors.New("what else"), "what else"},
	} {
		if got := Reason(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		300 * time.Microsecond: "0.3 ms", 3 * time.Millisecond: "3 ms", 999 * time.Millisecond: "999 ms", 1234 * time.Millisecond: "1.2 s",
	} {
		if got := Brief(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, want string
		o             Options
		code          exit.Code
	}{
		{"/nonexistent/socket", "connect /nonexistent/socket: no such file or directory after ", Options{}, exit.Unreachable},
		{"fd:3", `address "fd:3": is for serve, nothing can connect to it`, Options{}, exit.Usage},
		{"127.0.0.1:1", `source ::1: "127.0.0.1:1" has no address of that family`, Options{Source: netip.MustParseAddrPort("[::1]:0")}, exit.Usage},
		{"127.0.0.1:no-such-service", `unknown service "no-such-service"`, Options{}, exit.Usage},
	} {
		_, err := Dial(testContext(t), mustParse(t, c.address), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || exit.Of(err) != c.code {
			t.Errorf("%s: got %v (code %d), want %s (code %d)", c.address, err, exit.Of(err), c.want, c.code)
		}
	}
}

func TestDialUnknownName(t *testing.T) {
	t.Parallel()
	_, err := Dial(testContext(t), mustParse(t, "no-such-name.invalid:80"), Options{})
	if _, ok := errors.AsType[*net.DNSError](err); !ok || exit.Of(err) != exit.NoName || !strings.HasPrefix(err.Error(), `resolve "no-such-name.invalid": `) {
		t.Errorf("got %v (code %d)", err, exit.Of(err))
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"7000":              "127.0.0.1:7000 [::1]:7000",
		":7000":             "127.0.0.1:7000 [::1]:7000",
		"tcp4:7000":         "127.0.0.1:7000",
		"udp6:7000":         "[::1]:7000",
		"192.0.2.1:ssh":     "192.0.2.1:22",
		"[fe80::1%lo]:1":    "[fe80::1%lo]:1",
		"tcp4:localhost:80": "127.0.0.1:80",
	} {
		got, err := mustParse(t, text).Resolve(testContext(t))
		var words []string
		for _, c := range got {
			words = append(words, c.String())
		}
		if joined := strings.Join(words, " "); err != nil || joined != want {
			t.Errorf("%s: got %s, %v, want %s", text, joined, err, want)
		}
	}
	if _, err := mustParse(t, "/x").Resolve(testContext(t)); exit.Of(err) != exit.Usage {
		t.Errorf("a path resolves: %v", err)
	}
}

func TestDialSource(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	conn := mustDial(t, l, Options{Source: netip.MustParseAddrPort("127.0.0.9:0")})
	if host, _, _ := net.SplitHostPort(conn.LocalAddr().String()); host != "127.0.0.9" {
		t.Errorf("local address %v", conn.LocalAddr())
	}
}

func TestDialDatagrams(t *testing.T) {
	t.Parallel()
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := Dial(testContext(t), mustParse(t, "udp:"+peer.LocalAddr().String()), Options{DSCP: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.UDPConn); !ok {
		t.Errorf("got a %T", conn)
	}
	checkDatagrams(t, conn, peer)
}

// checkDatagrams shows that conn reaches peer and that the answer comes back.
func checkDatagrams(t *testing.T, conn net.Conn, peer net.PacketConn) {
	t.Helper()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 16)
	n, from, err := peer.ReadFrom(buffer)
	if err != nil || from == nil {
		t.Fatalf("from %v, %v", from, err)
	}
	if _, err := peer.WriteTo(buffer[:n], from); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(buffer); err != nil || string(buffer[:n]) != "hello" {
		t.Errorf("got %q, %v", buffer[:n], err)
	}
}

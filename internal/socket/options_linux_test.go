package socket

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// option is one socket option and what it should be.
type option struct {
	name               string
	level, option, min int
	max                int
}

func exactly(name string, level, number, value int) option {
	return option{name, level, number, value, value}
}

func checkOptions(t *testing.T, fd int, wanted []option) {
	t.Helper()
	for _, want := range wanted {
		got, err := unix.GetsockoptInt(fd, want.level, want.option)
		if err != nil || got < want.min || got > want.max {
			t.Errorf("%s is %d, %v, want %d to %d", want.name, got, err, want.min, want.max)
		}
	}
}

// fdOf is the descriptor of a connection that outlives its use.
func fdOf(t *testing.T, conn any) (fd int) {
	t.Helper()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(f uintptr) { fd = int(f) }); err != nil {
		t.Fatal(err)
	}
	return fd
}

func everyOption() Options {
	return Options{
		KeepAlive: 5 * time.Second, DeadPeer: 40 * time.Second, RcvBuf: 100_000, SndBuf: 90_000, DSCP: 46,
		Interface: "lo",
	}
}

func everyTCPOption() []option {
	return []option{
		exactly("SO_PROTOCOL", unix.SOL_SOCKET, unix.SO_PROTOCOL, unix.IPPROTO_TCP),
		exactly("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		exactly("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1),
		exactly("TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 5),
		exactly("TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 9),
		exactly("TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 40_000),
		exactly("SO_RCVBUF", unix.SOL_SOCKET, unix.SO_RCVBUF, 200_000),
		exactly("SO_SNDBUF", unix.SOL_SOCKET, unix.SO_SNDBUF, 180_000),
		exactly("IP_TOS", unix.IPPROTO_IP, unix.IP_TOS, 46<<2),
	}
}

// acceptRaw accepts with one system call and nothing else, as a parent does that
// hands the socket on.
func acceptRaw(t *testing.T, fd int) int {
	t.Helper()
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, 10_000)
		if err == unix.EINTR {
			continue
		}
		if n != 1 {
			t.Fatalf("poll: %d, %v", n, err)
		}
		break
	}
	conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(conn) })
	return conn
}

func TestAcceptedSocketsInherit(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		t.Run(text, func(t *testing.T) {
			o := everyOption()
			o.DeferAccept = time.Millisecond
			l := mustListen(t, text, o)[0]
			fd, _, err := Detach(l)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			for _, network := range []string{"tcp4", "tcp6"} {
				conn, err := net.Dial(network, l.Addr().String())
				if err != nil {
					continue // a listener of the other family
				}
				defer conn.Close()
				if _, err := conn.Write([]byte("wakes a deferred accept")); err != nil {
					t.Fatal(err)
				}
				wanted := everyTCPOption()
				if network == "tcp6" {
					wanted[len(wanted)-1] = exactly("IPV6_TCLASS", unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 46<<2)
				}
				accepted := acceptRaw(t, fd)
				checkOptions(t, accepted, wanted)
				checkDevice(t, accepted)
			}
		})
	}
}

func checkDevice(t *testing.T, fd int) {
	t.Helper()
	if name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE); err != nil || name != "lo" {
		t.Errorf("SO_BINDTODEVICE is %q, %v", name, err)
	}
}

func TestListenerOptions(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "127.0.0.1:0", Options{DeferAccept: 2500 * time.Millisecond, ReusePort: true, NoDelay: -1, KeepAlive: -1})[0]
	checkOptions(t, fdOf(t, l), []option{
		{"TCP_DEFER_ACCEPT", unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 3, 10},
		exactly("SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, 1),
		exactly("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 0),
		exactly("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0),
		exactly("TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 0),
	})
	mustListen(t, l.Addr().String(), Options{ReusePort: true})
}

func TestListenerDefaults(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	checkOptions(t, fdOf(t, l), []option{
		exactly("SO_PROTOCOL", unix.SOL_SOCKET, unix.SO_PROTOCOL, unix.IPPROTO_TCP),
		exactly("SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, 0),
		exactly("TCP_DEFER_ACCEPT", unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 0),
		exactly("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		exactly("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1),
		exactly("TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60),
	})
}

// TestBacklog reads the backlog of a listening socket where TCP_INFO shows it:
// as the segments "sacked".
func TestBacklog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, want int }{{7, 7}, {1, 1}, {-1, 0}} {
		l := mustListen(t, "127.0.0.1:0", Options{Backlog: c.asked})[0]
		raw, err := unix.GetsockoptTCPInfo(fdOf(t, l), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil || int(raw.Sacked) != c.want {
			t.Errorf("backlog %d is %d, %v", c.asked, raw.Sacked, err)
		}
	}
}

func TestDialOptions(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "127.0.0.1:0", Options{})[0]
	conn := mustDial(t, l, everyOption())
	checkOptions(t, fdOf(t, conn), everyTCPOption())
	checkDevice(t, fdOf(t, conn))

	plain := mustDial(t, l, Options{NoDelay: -1, KeepAlive: -1})
	checkOptions(t, fdOf(t, plain), []option{
		exactly("SO_PROTOCOL", unix.SOL_SOCKET, unix.SO_PROTOCOL, unix.IPPROTO_TCP),
		exactly("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 0),
		exactly("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0),
	})
}

func TestOptionErrorNamesTheOption(t *testing.T) {
	t.Parallel()
	bad := Options{Interface: "nosuchlink0"}
	_, err := Listen(testContext(t), mustParse(t, "127.0.0.1:0"), bad)
	if want := "listen 127.0.0.1:0: set SO_BINDTODEVICE nosuchlink0: no such device"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDetach(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	for _, text := range []string{"127.0.0.1:0", path, "unix:@" + path} {
		l := mustListen(t, text, Options{})[0]
		reach := addrOf(t, l)
		fd, remove, err := Detach(l)
		if err != nil {
			t.Fatal(err)
		}
		flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		cloexec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if flags&unix.O_NONBLOCK == 0 || cloexec&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: flags %#x, descriptor flags %#x", text, flags, cloexec)
		}
		if _, err := l.Accept(); err == nil {
			t.Errorf("%s: the listener still accepts", text)
		}
		conn, err := Dial(testContext(t), reach, Options{})
		if err != nil {
			t.Fatal(err)
		}
		acceptRaw(t, fd)
		conn.Close()
		checkRemove(t, path, text == path, remove)
		unix.Close(fd)
	}
}

// checkRemove shows that the socket file is there until remove is called.
func checkRemove(t *testing.T, path string, hasFile bool, remove func() error) {
	t.Helper()
	if err := unix.Access(path, unix.F_OK); hasFile != (err == nil) {
		t.Errorf("after Detach the socket file is there: %v, want %v", err == nil, hasFile)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if err := unix.Access(path, unix.F_OK); err == nil {
		t.Error("remove left the socket file")
	}
}

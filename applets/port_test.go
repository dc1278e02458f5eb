package applets_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// reserved is a port that is bound, so that nobody else gets it, and on which
// nobody listens. For UDP it is connected to itself: what others send there is
// refused.
type reserved struct {
	fd, udp int
	once    sync.Once
}

func reservedPort(ts *testscript.TestScript, name string) *reserved {
	r := sceneOf(ts).ports[name]
	if r == nil {
		ts.Fatalf("no unused port %q", name)
	}
	return r
}

// cmdUnused reserves a port, of TCP and of UDP, on which nothing listens while the
// script runs: unused NAME sets $NAME_ADDR and $NAME_PORT.
func cmdUnused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unused NAME")
	}
	r, port, err := reserve()
	for err == unix.EADDRINUSE { // somebody has that port of UDP
		r, port, err = reserve()
	}
	ts.Check(err)
	sceneOf(ts).ports[args[0]] = r
	ts.Defer(r.close)
	ts.Setenv(args[0]+"_PORT", fmt.Sprint(port))
	ts.Setenv(args[0]+"_ADDR", fmt.Sprintf("127.0.0.1:%d", port))
}

// reserve binds a port that the kernel chooses.
func reserve() (*reserved, int, error) {
	fd, port, err := bound(unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, 0, err
	}
	udp, _, err := bound(unix.SOCK_DGRAM, port)
	if err != nil {
		unix.Close(fd)
		return nil, 0, err
	}
	r := &reserved{fd: fd, udp: udp}
	if err := unix.Connect(udp, loopback(port)); err != nil {
		r.close()
		return nil, 0, err
	}
	return r, port, nil
}

// bound is a socket with this port of 127.0.0.1; 0 is any.
func bound(kind, port int) (fd, number int, err error) {
	fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, err
	}
	if err := unix.Bind(fd, loopback(port)); err != nil {
		unix.Close(fd)
		return -1, 0, err
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		unix.Close(fd)
		return -1, 0, err
	}
	return fd, sa.(*unix.SockaddrInet4).Port, nil
}

func loopback(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}
}

func (r *reserved) close() { r.once.Do(func() { unix.Close(r.fd); unix.Close(r.udp) }) }

// listen opens the port: whoever connects is told text.
func (r *reserved) listen(ts *testscript.TestScript, text string) {
	ts.Check(unix.Listen(r.fd, 8))
	f := os.NewFile(uintptr(r.fd), "reserved")
	l, err := net.FileListener(f)
	r.once.Do(func() { f.Close(); unix.Close(r.udp) })
	ts.Check(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, text+"\n")
			conn.Close()
		}
	}()
	ts.Defer(func() { l.Close(); <-done })
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

// cmdPort sets $NAME_PORT and $NAME_ADDR to a port of 127.0.0.1 for a server of
// another tool that cannot choose one and say which: port NAME.
//
// Until that server has it the port is free, so it is one that nobody else takes:
// not one of those that the kernel gives to whoever does not name a port, a client
// that connects among them; and no other script's, in any process that runs these
// tests, while the name of a unix socket (unix(7), abstract) is taken.
func cmdPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port NAME")
	}
	port, release, err := takePort()
	ts.Check(err)
	ts.Defer(release)
	ts.Setenv(args[0]+"_PORT", fmt.Sprint(port))
	ts.Setenv(args[0]+"_ADDR", fmt.Sprintf("127.0.0.1:%d", port))
}

// takePort is cmdPort's port, until it is released.
func takePort() (port int, release func(), err error) {
	first, span := fixedPorts()
	for range span {
		port := first + int(lastPort.Add(1))%span
		name, err := net.Listen("unix", fmt.Sprintf("@nettool-test-port-%d", port))
		if err != nil {
			continue // another script's
		}
		fd, _, err := bound(unix.SOCK_STREAM, port)
		if err != nil {
			name.Close()
			continue // used by somebody else, or not long ago
		}
		unix.Close(fd)
		return port, func() { name.Close() }, nil
	}
	return 0, nil, fmt.Errorf("none of %d ports from %d is free", span, first)
}

// lastPort makes every port of this process another one.
var lastPort atomic.Uint32

// fixedPorts are some of the ports below those that the kernel chooses from.
func fixedPorts() (first, span int) {
	least := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		fmt.Sscan(string(text), &least)
	}
	first = max(least-8192, 1024)
	return first, max(least-first, 1024)
}

// cmdLowAddress sets $VAR to a loopback address with a free port below 1024:
// lowaddress VAR.
func cmdLowAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lowaddress VAR")
	}
	for range 100 {
		addr := fmt.Sprintf("127.%d.%d.%d:%d", 1+rand.IntN(200), rand.IntN(256), 1+rand.IntN(250), 600+rand.IntN(424))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			ts.Setenv(args[0], addr)
			return
		}
	}
	ts.Fatalf("no free port below 1024")
}

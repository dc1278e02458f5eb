package applets_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// reserved is a port that is bound, so that nobody else gets it, and on which
// nobody listens.
type reserved struct {
	fd   int
	once sync.Once
}

var reservedPorts sync.Map // script and name → *reserved

func reservedPort(ts *testscript.TestScript, name string) *reserved {
	v, ok := reservedPorts.Load([2]any{ts, name})
	if !ok {
		ts.Fatalf("no unused port %q", name)
	}
	return v.(*reserved)
}

// cmdUnused reserves a port on which nothing listens while the script runs:
// unused NAME sets $NAME_ADDR and $NAME_PORT.
func cmdUnused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unused NAME")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	ts.Check(err)
	r := &reserved{fd: fd}
	reservedPorts.Store([2]any{ts, args[0]}, r)
	ts.Defer(r.close)
	ts.Check(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	sa, err := unix.Getsockname(fd)
	ts.Check(err)
	port := fmt.Sprint(sa.(*unix.SockaddrInet4).Port)
	ts.Setenv(args[0]+"_PORT", port)
	ts.Setenv(args[0]+"_ADDR", "127.0.0.1:"+port)
}

func (r *reserved) close() { r.once.Do(func() { unix.Close(r.fd) }) }

// listen opens the port: whoever connects is told text.
func (r *reserved) listen(ts *testscript.TestScript, text string) {
	ts.Check(unix.Listen(r.fd, 8))
	f := os.NewFile(uintptr(r.fd), "reserved")
	l, err := net.FileListener(f)
	r.once.Do(func() { f.Close() })
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

// cmdRelease gives an unused port away, to a server of another tool that cannot
// choose one itself: release NAME. Others may get it first; scripts that use
// this live with that.
func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: release NAME")
	}
	reservedPort(ts, args[0]).close()
}

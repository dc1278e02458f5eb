//go:build unix

package connect

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/program"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
	"nettool/internal/ucspi"
)

// The descriptors of a UCSPI client (the conventions of tcpclient).
const (
	readFD  = 6
	writeFD = 7
)

// runProgram connects and replaces this process by the program, or, where the
// connection's bytes are within TLS, stays beside it until it has ended.
func (c *Cmd) runProgram(target socket.Addr, call *cli.Call) error {
	if len(call.Rest) == 0 {
		return exit.Errorf(exit.Usage, "no program after --")
	}
	reserve()
	path, missing := program.Find(call.Rest[0]) // before anything is connected
	if missing != nil && !c.Manner.ProgramLast {
		return missing
	}
	conn, err := c.connect(context.Background(), target, call, &outcome{target: target.String()})
	if err != nil {
		return err
	}
	env := c.Manner.environ(programEnv(os.Environ(), conn), conn)
	if missing != nil {
		conn.Close()
		return missing
	}
	if _, bare := conn.(syscall.Conn); !bare {
		b, outer, err := newBetween(conn)
		if err != nil {
			conn.Close()
			return exit.With(exit.Local, err)
		}
		return b.run(path, call.Rest, env, outer)
	}
	if err := hold(conn); err != nil {
		return exit.Errorf(exit.Local, "pass the connection to %q: %w", call.Rest[0], err)
	}
	return program.Become(path, call.Rest, env)
}

// reserve takes the program's descriptors, if they are free, before this process opens one. What
// the Go runtime waits for others with is a descriptor, too, from the first connection or lookup
// on: replaced under it, it ends the process between hold and exec. Without descriptors, hold says
// so.
func reserve() {
	for range writeFD - readFD + 1 {
		if fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, readFD); err == nil && fd > writeFD {
			unix.Close(fd)
		}
	}
}

// hold puts the connection on descriptors 6 and 7, in blocking mode: it is ours
// alone. Whatever had these numbers is gone.
func hold(conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) { failure = place(int(fd)) })
	return errors.Join(err, failure)
}

func place(fd int) error {
	if err := syscall.SetNonblock(fd, false); err != nil {
		return err
	}
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, writeFD+1) // fd may be 6 or 7 itself
	if err != nil {
		return err
	}
	if err := unix.Dup2(high, readFD); err != nil {
		return err
	}
	return unix.Dup2(high, writeFD)
}

// programEnv is env with the variables of the connection, and without the proxy's
// password, which was for us.
func programEnv(env []string, conn net.Conn) []string {
	kept := slices.DeleteFunc(ucspi.Without(env), func(kv string) bool { return strings.HasPrefix(kv, authVariable+"=") })
	local, isTCP := conn.LocalAddr().(*net.TCPAddr)
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if !isTCP {
		return append(kept, "PROTO=UNIX", "UNIXREMOTEPATH="+conn.RemoteAddr().String())
	}
	kept = append(kept, ucspi.TCP(local.AddrPort(), remote.AddrPort())...)
	if secured, ok := conn.(tlsdial.Conn); ok {
		kept = append(kept, secured.Told().Agreed()...)
	}
	return kept
}

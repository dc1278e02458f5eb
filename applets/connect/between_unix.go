//go:build unix

package connect

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/exit"
	"nettool/internal/relay"
	"nettool/internal/socket"
)

// between runs a program whose connection is not one that it can have: its bytes are
// within TLS. The program has one end of a socket pair, and this process stays between
// the other and the connection, until the program has ended.
type between struct {
	conn  net.Conn // closed by run
	inner *net.UnixConn
	cut   error // why the peer's bytes may not be all there were
	heard chan struct{}
}

// endsWrite is a connection with a half-close.
type endsWrite interface{ CloseWrite() error }

// newBetween makes the pair. The caller closes the program's end.
func newBetween(conn net.Conn) (b *between, outer *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	f := os.NewFile(uintptr(pair[0]), "pair")
	defer f.Close()
	inner, err := net.FileConn(f)
	outer = os.NewFile(uintptr(pair[1]), "pair")
	if err != nil {
		outer.Close()
		return nil, nil, err
	}
	return &between{conn: conn, inner: inner.(*net.UnixConn), heard: make(chan struct{})}, outer, nil
}

// run runs the program, and ends as it does. A connection that was cut off is an
// error of a program that has not failed.
func (b *between) run(path string, line, env []string, outer *os.File) error {
	defer b.conn.Close()
	cmd := exec.Command(path)
	cmd.Args, cmd.Env = line, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = append(inherited(3, readFD), outer, outer)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	err := cmd.Start()
	outer.Close()
	if err != nil {
		return exit.Errorf(exit.NotExecutable, "run %q: %w", line[0], err)
	}
	go func() {
		for sig := range signals {
			cmd.Process.Signal(sig)
		}
	}()
	sent := make(chan error, 1)
	go func() { sent <- b.send() }()
	go b.hear()
	err = cmd.Wait()
	return b.end(statusOf(err), <-sent)
}

// inherited are those of the descriptors from first on, before last, that are open and
// not ours.
func inherited(first, last int) (files []*os.File) {
	for fd := first; fd < last; fd++ {
		var f *os.File
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			f = os.NewFile(uintptr(fd), "inherited")
		}
		files = append(files, f)
	}
	return files
}

// statusOf is how a program has ended, as an error that carries its exit code.
func statusOf(err error) error {
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return exit.With(exit.Local, err)
	}
	if ws, ok := ended.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return exit.Status(exit.Signal(ws.Signal()))
	}
	return exit.Status(exit.Code(ended.ExitCode()))
}

// send passes on what the program says, and its end. A program whose peer takes no
// more hears of it.
func (b *between) send() error {
	if _, err := io.Copy(b.conn, b.inner); err != nil {
		b.inner.CloseRead()
		return err
	}
	if c, ok := b.conn.(endsWrite); ok {
		c.CloseWrite() // a peer that is gone needs no end
	}
	return nil
}

// hear passes on what the peer says, and its end. What a program does not want any
// more is dropped: unread, it would reset the connection.
func (b *between) hear() {
	buf := make([]byte, 32<<10)
	wanted := true
	for {
		n, err := b.conn.Read(buf)
		if n > 0 && wanted {
			_, failed := b.inner.Write(buf[:n])
			wanted = failed == nil
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			b.cut = err
			break
		}
	}
	close(b.heard) // before the program hears of it, and ends
	b.inner.CloseWrite()
}

// end waits until the peer has what the program has said, and judges.
func (b *between) end(program, sent error) error {
	late := time.Now().Add(relay.DefaultLinger)
	for sent == nil && unacked(b.conn) > 0 && time.Now().Before(late) {
		time.Sleep(time.Millisecond)
	}
	if program != nil {
		return program
	}
	if sent != nil {
		return b.broken(socket.Reason(sent))
	}
	select {
	case <-b.heard:
	default: // it may go on for long, and nobody wants it
		return nil
	}
	switch {
	case errors.Is(b.cut, io.ErrUnexpectedEOF):
		return b.broken("the TLS stream was cut off: the peer ended the connection without close_notify")
	case b.cut != nil:
		return b.broken(socket.Reason(b.cut))
	}
	return nil
}

func (b *between) broken(why string) error {
	return exit.Errorf(exit.Broken, "session with %s: %s", b.conn.RemoteAddr(), why)
}

// unacked is how many bytes on the wire the peer's kernel has not acknowledged, where
// the system tells.
func unacked(conn net.Conn) (n int) {
	for {
		c, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = c.NetConn()
	}
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) { n, _ = socket.Outq(int(fd)) })
		}
	}
	return n
}

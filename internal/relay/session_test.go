//go:build unix

package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nettool/internal/exit"
	"nettool/internal/quit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dialled is a connection to a peer that behaves as given.
func dialled(t *testing.T, behave func(*net.TCPConn)) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		behave(conn.(*net.TCPConn))
	}()
	t.Cleanup(func() { l.Close(); <-done })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

func echo(conn *net.TCPConn) { io.Copy(conn, conn) }

// file is a file with this content, read from its beginning.
func file(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// rawPipe is a pipe in blocking mode whose ends Go's poller does not know.
func rawPipe(t *testing.T, nonblockingWriter bool) (r, w *os.File) {
	t.Helper()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	r = os.NewFile(uintptr(p[0]), "r")
	if nonblockingWriter {
		syscall.SetNonblock(p[1], true)
	}
	w = os.NewFile(uintptr(p[1]), "w")
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 / 3)
	}
	return b
}

// flags of a descriptor, which a session must leave alone.
func flags(t *testing.T, f *os.File) (flags uintptr) {
	t.Helper()
	c, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c.Control(func(fd uintptr) { flags, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0) })
	return flags
}

func TestNonBlockingStdout(t *testing.T) {
	t.Parallel()
	want := content(3 << 20)
	r, w := rawPipe(t, true)
	before := flags(t, w)
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(r)
		got <- b
	}()
	s := &Session{Conn: dialled(t, echo), In: file(t, want), Out: w}
	res, err := s.Run(t.Context())
	if flags(t, w) != before {
		t.Error("the flags of standard output changed")
	}
	w.Close()
	if b := <-got; err != nil || !bytes.Equal(b, want) {
		t.Errorf("%v, %+v, %d bytes came", err, res, len(b))
	}
}

func TestBlockingPipes(t *testing.T) {
	t.Parallel()
	want := content(3 << 20)
	inR, inW := rawPipe(t, false)
	outR, outW := rawPipe(t, false)
	go func() {
		inW.Write(want)
		inW.Close()
	}()
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(outR)
		got <- b
	}()
	s := &Session{Conn: dialled(t, echo), In: inR, Out: outW}
	res, err := s.Run(t.Context())
	outW.Close()
	if b := <-got; err != nil || !bytes.Equal(b, want) {
		t.Errorf("%v, %+v, %d bytes came", err, res, len(b))
	}
	if res.BytesIn != 3<<20 || res.BytesOut != 3<<20 || res.Undelivered != 0 || res.Reason != ReasonEOF {
		t.Errorf("%+v", res)
	}
}

func TestStdoutGone(t *testing.T) {
	t.Parallel()
	inR, _ := rawPipe(t, false)
	outR, outW := rawPipe(t, false)
	outR.Close()
	release := make(chan struct{})
	conn := dialled(t, func(*net.TCPConn) { <-release })
	res, err := (&Session{Conn: conn, In: inR, Out: outW}).Run(t.Context())
	close(release)
	if !errors.Is(err, ErrStdoutGone) || exit.Of(err) != 141 || res.Reason != ReasonStdout {
		t.Errorf("%v, %+v", err, res)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	inR, _ := rawPipe(t, false)
	release := make(chan struct{})
	conn := dialled(t, func(*net.TCPConn) { <-release })
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(exit.Errorf(exit.Signal(syscall.SIGTERM), "ended"))
	res, err := (&Session{Conn: conn, In: inR}).Run(ctx)
	close(release)
	if exit.Of(err) != 143 || err.Error() != "ended" || res.Reason != ReasonCancelled {
		t.Errorf("%v, %+v", err, res)
	}
}

func TestUndelivered(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	conn := dialled(t, func(c *net.TCPConn) {
		c.SetReadBuffer(4096)
		<-release
	})
	s := &Session{Conn: conn, In: file(t, content(1<<20)), Linger: 50 * time.Millisecond}
	res, err := s.Run(t.Context())
	close(release)
	if exit.Of(err) != exit.Broken || res.Undelivered <= 0 || res.Undelivered >= 1<<20 {
		t.Errorf("%v, %+v", err, res)
	}
	if res.Elapsed > DefaultLinger { // and a second, if it waited that long
		t.Error("it took", res.Elapsed)
	}
}

func TestUpToQuit(t *testing.T) {
	t.Parallel()
	text := "bequest\nQ\nqu\nquit now\nrest\n"
	for size := 1; size <= len(text); size++ {
		q := quit.Scanner{Prefix: "qui"}
		end := 0
		for at := 0; at < len(text); at += size {
			piece, over := upToQuit(&q, []byte(text[at:min(at+size, len(text))]))
			end = at + len(piece)
			if over {
				break
			}
		}
		if text[:end] != "bequest\nQ\nqu\nquit now\n" {
			t.Errorf("pieces of %d: %q", size, text[:end])
		}
	}
}

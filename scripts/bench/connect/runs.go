package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench holds what the runs share.
type bench struct {
	size int64
	dir  string // in memory, if there is such a file system
}

// shots is how many runs make one measurement of one line and one answer.
const shots = 20

func newBench(size int64) (*bench, error) {
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "bench-connect")
	if err != nil {
		return nil, err
	}
	b := &bench{size: size, dir: dir}
	f, err := os.Create(b.path("in"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = io.CopyN(f, zeros{}, size)
	return b, err
}

func (b *bench) close()                  { os.RemoveAll(b.dir) }
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// serve accepts one connection for f and returns the port, and what waits for f.
func serve(f func(*net.TCPConn) int64) (port string, wait func() int64, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	done := make(chan int64, 1)
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			done <- -1
			return
		}
		defer conn.Close()
		done <- f(conn.(*net.TCPConn))
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() int64 { return <-done }, nil
}

// sink counts what arrives without copying it (MSG_TRUNC of tcp(7)), so that it
// is the client that is measured.
func sink(c *net.TCPConn) (total int64) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1
	}
	buf := make([]byte, 1<<20)
	for n := 1; n > 0 && err == nil; total += int64(n) {
		closed := raw.Read(func(fd uintptr) bool {
			n, _, err = syscall.Recvfrom(int(fd), buf, syscall.MSG_TRUNC)
			return err != syscall.EAGAIN
		})
		if n = max(n, 0); closed != nil {
			return -1
		}
	}
	return total
}

func drain(r io.Reader) (n int64) {
	buf := make([]byte, 256<<10)
	for {
		m, err := r.Read(buf)
		n += int64(m)
		if err != nil {
			return n
		}
	}
}

// source sends size bytes and waits for the other end.
func (b *bench) source(c *net.TCPConn) int64 {
	n := feed(c, b.size)
	c.CloseWrite()
	drain(c)
	return n
}

func feed(w io.Writer, size int64) (n int64) {
	buf := make([]byte, 64<<10)
	for n < size {
		m, err := w.Write(buf[:min(int64(len(buf)), size-n)])
		n += int64(m)
		if err != nil {
			break
		}
	}
	return n
}

// timed runs a command and measures it.
func timed(cmd *exec.Cmd, meanwhile func()) (measurement, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return measurement{}, err
	}
	meanwhile()
	err := cmd.Wait()
	m := measurement{elapsed: time.Since(begin), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if err != nil {
		return m, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return m, nil
}

func command(tool, port string) *exec.Cmd {
	words := commandOf(tool, port)
	return exec.Command(words[0], words[1:]...)
}

// complete checks how much arrived.
func (b *bench) complete(m measurement, err error, got int64) (measurement, error) {
	if err == nil && got != b.size {
		err = fmt.Errorf("%d of %d bytes arrived", got, b.size)
	}
	return m, err
}

func (b *bench) pipeToSocket(tool string) (measurement, error) {
	port, wait, err := serve(sink)
	if err != nil {
		return measurement{}, err
	}
	cmd := command(tool, port)
	r, w, err := blockingPipe()
	if err != nil {
		return measurement{}, err
	}
	cmd.Stdin = r
	m, err := timed(cmd, func() {
		r.Close()
		feed(w, b.size)
		w.Close()
	})
	return b.complete(m, err, wait())
}

// blockingPipe is a pipe as a shell makes it.
func blockingPipe() (r, w *os.File, err error) {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(p[0]), "pipe"), os.NewFile(uintptr(p[1]), "pipe"), nil
}

func (b *bench) fileToSocket(tool string) (measurement, error) {
	port, wait, err := serve(sink)
	if err != nil {
		return measurement{}, err
	}
	cmd := command(tool, port)
	f, err := os.Open(b.path("in"))
	if err != nil {
		return measurement{}, err
	}
	defer f.Close()
	cmd.Stdin = f
	m, err := timed(cmd, func() {})
	return b.complete(m, err, wait())
}

func (b *bench) socketToPipe(tool string) (measurement, error) {
	port, wait, err := serve(b.source)
	if err != nil {
		return measurement{}, err
	}
	cmd := command(tool, port)
	r, w, err := blockingPipe()
	if err != nil {
		return measurement{}, err
	}
	cmd.Stdout = w
	var got int64
	m, err := timed(cmd, func() {
		w.Close()
		got = drain(r)
		r.Close()
	})
	wait()
	return b.complete(m, err, got)
}

func (b *bench) socketToFile(tool string) (measurement, error) {
	port, wait, err := serve(b.source)
	if err != nil {
		return measurement{}, err
	}
	cmd := command(tool, port)
	f, err := os.Create(b.path("out"))
	if err != nil {
		return measurement{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	cmd.Stdout = f
	m, err := timed(cmd, func() {})
	wait()
	st, statErr := f.Stat()
	if statErr != nil {
		return m, statErr
	}
	return b.complete(m, err, st.Size())
}

// oneShot is the mean of some runs of "echo hi | TOOL" against a peer that
// answers and closes.
func (b *bench) oneShot(tool string) (total measurement, err error) {
	for range shots {
		port, wait, err := serve(func(c *net.TCPConn) int64 {
			buf := make([]byte, 64)
			n, _ := c.Read(buf)
			c.Write(buf[:n])
			c.CloseWrite()
			drain(c)
			return int64(n)
		})
		if err != nil {
			return total, err
		}
		cmd := command(tool, port)
		cmd.Stdin = strings.NewReader("hi\n")
		m, err := timed(cmd, func() {})
		if wait(); err != nil {
			return total, err
		}
		total.elapsed += m.elapsed / shots
		total.cpu += m.cpu / shots
	}
	return total, nil
}

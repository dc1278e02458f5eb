package transfer

import (
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// pair is a connection of the loopback interface.
func pair(t testing.TB) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{c, d} {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { c.Close() })
	}
	return c.(*net.TCPConn), d.(*net.TCPConn)
}

// exchange sends items to a receiver, and returns what each side was told.
func exchange(t testing.TB, s *Sender, r *Receiver, items iter.Seq2[Item, error]) (sent, received []Outcome, sendErr, receiveErr error) {
	t.Helper()
	a, b := pair(t)
	s.Conn, r.Conn = a, b
	if s.Copy != nil {
		s.Copy = copyOver(a)
	}
	s.Told = func(o Outcome) { sent = append(sent, o) }
	r.Told = func(o Outcome) error { received = append(received, o); return nil }
	over := make(chan error, 1)
	go func() {
		err := r.Receive()
		b.Close()
		over <- err
	}()
	sendErr = s.Send(items)
	a.Close()
	return sent, received, sendErr, <-over
}

// copyOver is a Sender's Copy; of one that is only to have some it stands for that of its
// connection.
func copyOver(c *net.TCPConn) func(f *os.File, n int64) (int64, error) {
	return func(f *os.File, n int64) (int64, error) { return c.ReadFrom(&io.LimitedReader{R: f, N: n}) }
}

// write makes a file with so many bytes, which are always the same ones.
func write(t testing.TB, path string, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(1, uint64(size)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	writeFile(t, path, b)
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b, 0o666)); err != nil {
		t.Fatal(err)
	}
}

// store opens a directory of its own.
func store(t testing.TB) (s *Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	s = NewStore(root)
	t.Cleanup(func() {
		s.Close()
		root.Close()
	})
	return s, dir
}

// tree lists the files of a directory with their sizes.
func tree(t testing.TB, dir string) (list []string) {
	t.Helper()
	err := filepath.Walk(dir, func(p string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			name, _ := filepath.Rel(dir, p)
			list = append(list, filepath.ToSlash(name)+" "+strconv.FormatInt(st.Size(), 10))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func want(t testing.TB, dir string, list ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, list) {
		t.Errorf("%s holds %q, want %q", dir, got, list)
	}
}

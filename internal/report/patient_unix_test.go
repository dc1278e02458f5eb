//go:build unix

package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNonblocking: a standard error on which somebody has set O_NONBLOCK costs no
// line, however slowly it is read.
func TestNonblocking(t *testing.T) {
	t.Parallel()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	defer r.Close()
	if err := unix.SetNonblock(fds[1], true); err != nil {
		t.Fatal(err)
	}
	q := newQueue(w, func(n int) []byte { return fmt.Appendf(nil, "lost %d\n", n) })
	line := append(bytes.Repeat([]byte("x"), 99), '\n')
	const lines = 5000 // several times what a pipe holds
	for range lines {
		q.Write(line)
	}
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(r)
		got <- all
	}()
	q.close()
	<-q.done
	w.Close()
	if all := <-got; len(all) != lines*len(line) || q.lost() > 0 {
		t.Errorf("%d bytes arrive, %d lines lost", len(all), q.lost())
	}
}

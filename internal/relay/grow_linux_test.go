package relay

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestGrow: a pipe gets more room, and keeps what it has more.
func TestGrow(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	size := func() int {
		t.Helper()
		n, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := size()
	grow(int(w.Fd()))
	if n := size(); n < before || os.Geteuid() == 0 && n != bufferSize {
		t.Errorf("from %d to %d", before, n)
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 2*bufferSize); err != nil {
		return // only root may have more
	}
	grow(int(w.Fd()))
	if n := size(); n != 2*bufferSize {
		t.Errorf("from %d to %d", 2*bufferSize, n)
	}
	grow(-1)
}

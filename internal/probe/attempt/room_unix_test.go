//go:build unix

package attempt

import (
	"syscall"
	"testing"
)

// TestRoom: 24 descriptors are kept for other things than connections.
func TestRoom(t *testing.T) {
	t.Parallel()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < 100 {
		t.Skipf("only %d descriptors", limit.Cur)
	}
	if got, want := Room(), int(min(limit.Cur, 1<<20))-24; got != want {
		t.Errorf("there is room for %d, want %d", got, want)
	}
	if err := Ready(); err != nil {
		t.Error(err)
	}
}

package handoff

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSealed: a text arrives whole, again and again, and cannot be changed.
func TestSealed(t *testing.T) {
	t.Parallel()
	for _, text := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("certificate\n"), 1<<15)} {
		a, err := Seal(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		for range 2 {
			if got, err := unseal(a.fd); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, len(text))
			}
		}
		if _, err := unix.Pwrite(a.fd, []byte("y"), 0); err != unix.EPERM {
			t.Errorf("write: %v, want EPERM", err)
		}
		if err := unix.Ftruncate(a.fd, 1<<20); err != unix.EPERM {
			t.Errorf("grow: %v, want EPERM", err)
		}
	}
}

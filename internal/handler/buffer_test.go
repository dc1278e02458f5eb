package handler

import "testing"

func TestBuffers(t *testing.T) {
	t.Parallel()
	buf := borrow()
	if len(buf) != smallBuffer {
		t.Fatalf("borrowed %d bytes", len(buf))
	}
	for _, n := range []int{0, 1, smallBuffer - 1} {
		if buf = grown(buf, n); len(buf) != smallBuffer {
			t.Fatalf("after a read of %d bytes: %d", n, len(buf))
		}
	}
	for _, n := range []int{smallBuffer, 0, smallBuffer, largeBuffer} {
		if buf = grown(buf, n); len(buf) != largeBuffer {
			t.Fatalf("after a read of %d bytes: %d", n, len(buf))
		}
	}
	release(buf)
	if again := borrow(); len(again) != smallBuffer {
		t.Errorf("borrowed %d bytes", len(again))
	}
}

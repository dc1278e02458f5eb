package socket

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestHandOver: a listener that was handed over accepts in its new place after
// the old one was left, and only the new one removes the socket file.
func TestHandOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	for _, text := range []string{"127.0.0.1:0", "unix:" + path, "unix:@nettool-test-handover-" + filepath.Base(t.TempDir())} {
		mine := false
		a, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all, err := Listen(context.Background(), a, Options{})
		if err != nil {
			t.Fatal(err)
		}
		spare, err := Hand(all[0])
		if err != nil {
			t.Fatal(err)
		}
		f, err := Hand(all[0])
		if err != nil {
			t.Fatal(err)
		}
		early, err := net.Dial(all[0].Addr().Network(), all[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := Leave(all[0]); err != nil {
			t.Fatal(err)
		}
		all[0].Close() // once more is harmless
		failed, err := Take(spare, a, Options{}, func() bool { return mine })
		if err != nil {
			t.Fatal(err)
		}
		failed.Close() // was never ready: changes nothing
		mine = true
		l, err := Take(f, a, Options{}, func() bool { return mine })
		if err != nil {
			t.Fatal(err)
		}
		late, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		early.Close()
		late.Close()
		l.Close()
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s: the socket file is still there", text)
		}
	}
}

func TestTakeWhatDoesNotListen(t *testing.T) {
	t.Parallel()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(f, Addr{Network: "tcp"}, Options{}, nil); err == nil {
		t.Error("took /dev/null for a listener")
	}
}

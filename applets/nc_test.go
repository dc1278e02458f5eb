package applets_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"nettool/applets"
)

// TestCalledNC: a link of that name is nc, and so is its name behind ours.
func TestCalledNC(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"/usr/bin/nc", "-k", "127.0.0.1", "1"}, {"nettool", "nc", "-k", "127.0.0.1", "1"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		code := applets.Main(args, nil, nil, w)
		w.Close()
		said, _ := io.ReadAll(r)
		r.Close()
		if code != 1 || string(said) != "nc: must use -l with -k\n" {
			t.Errorf("%s: %d, %q", strings.Join(args, " "), code, said)
		}
	}
}

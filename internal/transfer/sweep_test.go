package transfer

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestSweep removes what nobody receives, when it is old, and nothing else: neither
// what looks like it nor what somebody has.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	old := time.Now().Add(-2 * time.Hour)
	write := func(name string, when time.Time) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	u := &upload{base: "a", put: put{size: 7}}
	stale := []string{u.tempName(""), "sub/" + u.tempName("1f"), "used." + "0123456789abcdef" + partSuffix}
	others := []string{
		"a", "a.part", "0123456789abcdef.part", "a.0123456789abcdeg.part", "a.0123456789abcde.part",
		"a.0123456789abcdef.123456789.part", "a.0123456789abcdef", "a.0123456789abcdef..part",
	}
	for _, name := range slices.Concat(stale, others) {
		write(name, old)
	}
	write("new.0123456789abcdef.part", time.Now())
	used, err := os.OpenFile(filepath.Join(dir, stale[2]), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if held := lock(used); locks && !held {
		t.Fatal("a new file is locked")
	}
	if n, err := Held(root); err != nil || locks && n != 5*int64(len(stale)+len(others)) {
		t.Errorf("%d bytes, %v", n, err)
	}
	sweep := func(want ...string) {
		t.Helper()
		got, err := Sweep(root, time.Hour)
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("swept %q, %v; want %q", got, err, want)
		}
	}
	if locks {
		sweep(stale[:2]...)
		used.Close()
		sweep(stale[2])
	} else {
		used.Close()
		sweep(stale...)
	}
	left := 0
	fs.WalkDir(root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.Type().IsRegular() {
			left++
		}
		return err
	})
	if want := len(others) + 1; left != want {
		t.Errorf("%d files are left, want %d", left, want)
	}
}

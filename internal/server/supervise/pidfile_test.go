package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPIDFile: who reads the file while a successor fills it sees one pid or the
// other, never a mixture.
func TestPIDFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pid")
	const older = "4194303999" // longer than any pid
	ours := strconv.Itoa(os.Getpid())
	if err := os.WriteFile(path, []byte(older+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := openPIDFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			text, err := os.ReadFile(path)
			if pid := strings.TrimSpace(string(text)); err != nil || (pid != older && pid != ours) {
				t.Errorf("read %q, %v", text, err)
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range 300 {
		if err := p.fill(); err != nil {
			t.Fatal(err)
		}
		if err := p.replace(older + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.fill(); err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-done
	if text, err := os.ReadFile(path); err != nil || string(text) != ours+"\n" {
		t.Errorf("the file has %q, %v", text, err)
	}
	p.remove()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

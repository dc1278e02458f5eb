//go:build unix

package cdb

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOpenFIFO: nobody waits for who may write to it.
func TestOpenFIFO(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

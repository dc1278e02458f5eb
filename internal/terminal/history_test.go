//go:build unix

package terminal

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func open(t *testing.T, path string) *remembered {
	t.Helper()
	h, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	return &remembered{h, func() string { return prompt }}
}

// TestHistory: what was typed comes back, the newest first, in this session and in the
// next one; two sessions at once lose nothing.
func TestHistory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "history")
	one, two := open(t, path), open(t, path)
	for _, line := range []string{"first", "", " secret", "a" + tabSign + "b", "a" + tabSign + "b"} {
		one.Add(line)
	}
	two.Add("other")
	one.asked = func() string { return "Enter PASSPHRASE for key: " }
	one.Add("sesame")
	if one.Len() != 2 || one.At(0) != "a"+tabSign+"b" || one.At(1) != "first" {
		t.Errorf("remembers %q", one.lines)
	}
	if got, _ := os.ReadFile(path); string(got) != "first\na\tb\nother\n" {
		t.Errorf("the file is %q", got)
	}
	next := open(t, path)
	if next.Len() != 3 || next.At(0) != "other" || next.At(1) != "a"+tabSign+"b" {
		t.Errorf("the next one remembers %q", next.lines)
	}
}

// TestHistoryBad: what cannot have been typed is left out, a file that grows for ever is
// shortened, and what is no file is an error that names it.
func TestHistoryBad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "history")
	bad := "good\n\x1b[2J\n\xff\xfe\n\x00\n\n" + strings.Repeat("x", 100)
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if h := open(t, path); h.Len() != 1 || h.At(0) != "good" {
		t.Errorf("remembers %q", h.lines)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("old line\n", mostHistory/9)+strings.Repeat("line\n", 2*mostLines)), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, path)
	if st, err := os.Stat(path); h.Len() != mostLines || err != nil || st.Size() != 5*mostLines || st.Mode().Perm() != 0o600 {
		t.Errorf("%d lines, %v, %v", h.Len(), st, err)
	}
	for range 2 * mostLines {
		h.Add("one")
		h.Add("two")
	}
	if h.Len() > 2*mostLines || h.At(0) != "two" {
		t.Errorf("%d lines", h.Len())
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, dir, filepath.Join(path, "below")} {
		if _, err := OpenHistory(path); err == nil || !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestHistoryOf: each peer has a file of its own, whatever it is called.
func TestHistoryOf(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	for _, peer := range []string{"127.0.0.1:80", "unix:/run/../x", "tls:[::1]:443", "unix:@\x00\n"} {
		h := HistoryOf(peer)
		if h == nil || filepath.Dir(h.path) != filepath.Join(dir, "nettool", "history") {
			t.Errorf("%q: %v", peer, h)
			continue
		}
		h.add(peer[:4])
	}
	if all, err := os.ReadDir(filepath.Join(dir, "nettool", "history")); err != nil || len(all) != 4 {
		t.Errorf("%v, %v", all, err)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	t.Setenv("HOME", "")
	if h := HistoryOf("x"); h != nil {
		t.Errorf("%q", h.path)
	}
	if h := HistoryOf(strings.Repeat("x", 300)); h != nil {
		t.Errorf("%q", h.path)
	}
}

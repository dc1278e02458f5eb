package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nettool/internal/exit"
)

// TestFind looks programs up as a shell does.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "here", 0o755)
	write(t, "text", 0o644)
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, name, want string
		code             exit.Code
		says             string
	}{
		{dir, "here", filepath.Join(dir, "here"), 0, ""},
		{".", "here", "here", 0, ""},
		{"/nonexistent:.", "here", "here", 0, ""},
		{"/nonexistent", "./here", "./here", 0, ""},
		{"/nonexistent", "here", "", exit.NotFound, `program "here": not found`},
		{dir, "./no", "", exit.NotFound, `program "./no": not found`},
		{dir, "./text", "", exit.NotExecutable, `program "./text": permission denied`},
		{dir, "./folder", "", exit.NotExecutable, `program "./folder": is a directory`},
		{dir, "", "", exit.NotFound, `program "": not found`},
	} {
		t.Setenv("PATH", c.path)
		got, err := Find(c.name)
		if c.code == 0 {
			if err != nil || filepath.Base(got) != filepath.Base(c.want) {
				t.Errorf("%q in %q: %q, %v", c.name, c.path, got, err)
			}
			continue
		}
		if err == nil || exit.Of(err) != c.code || err.Error() != c.says {
			t.Errorf("%q in %q: %q, %v (code %d); want %s (code %d)", c.name, c.path, got, err, exit.Of(err), c.says, c.code)
		}
	}
}

// TestFindWithoutPath: no PATH at all means the usual places, not "here".
func TestFindWithoutPath(t *testing.T) {
	t.Setenv("PATH", "") // put back at the end
	os.Unsetenv("PATH")
	t.Chdir(t.TempDir())
	write(t, "nettool-test-here", 0o755)
	if path, err := Find("sh"); err != nil || !strings.HasSuffix(path, "bin/sh") {
		t.Errorf("sh: %q, %v", path, err)
	}
	if path, err := Find("nettool-test-here"); exit.Of(err) != exit.NotFound {
		t.Errorf("a program that is only here: %q, %v", path, err)
	}
}

func write(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"), mode); err != nil {
		t.Fatal(err)
	}
}

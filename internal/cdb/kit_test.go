package cdb

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

type record struct{ key, value string }

// makeFile writes records to a new file.
func makeFile(tb testing.TB, records []record) (path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "cdb")
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	m, err := NewMaker(file)
	for i := 0; i < len(records) && err == nil; i++ {
		err = m.Add([]byte(records[i].key), []byte(records[i].value))
	}
	if err == nil {
		err = m.Finish()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func mustOpen(tb testing.TB, path string) *File {
	tb.Helper()
	f, err := Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// tool skips a test that stands beside a program which is not here.
func tool(tb testing.TB, name string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is missing, and CI tests need it", name)
	}
	tb.Skip("needs " + name)
}

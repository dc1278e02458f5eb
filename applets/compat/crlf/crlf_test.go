package crlf

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nettool/internal/cli"
	"nettool/internal/tap"
)

// TestBoth holds addcr and delcr against the real ones.
func TestBoth(t *testing.T) {
	t.Parallel()
	for name, tool := range map[string]func(*cli.Call, []string) int{"addcr": Add, "delcr": Delete} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing, and CI tests need it", name)
			}
			t.Skip("needs " + name)
		}
		for _, text := range []string{
			"", "a", "a\r\n", "a\n", "\r", "a\r\r\nb\rc\n\n\r", strings.Repeat("x\r\ny\n\r\r", 20_000), strings.Repeat("x", 32<<10-1) + "\r\n", strings.Repeat("x", 32<<10-1) + "\r",
		} {
			cmd := exec.Command(name)
			cmd.Stdin = strings.NewReader(text)
			want, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, code := ours(t, tool, text); got != string(want) || code != 0 {
				t.Errorf("%s of %.40q: %.40q, %d, want %.40q", name, text, got, code, want)
			}
		}
	}
}

func ours(t *testing.T, tool func(*cli.Call, []string) int, text string) (out string, code int) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	to, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	code = tool(&cli.Call{Stdin: in, Stdout: to}, nil)
	data, err := os.ReadFile(to.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(data), code
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestErrors(t *testing.T) {
	t.Parallel()
	hook, rest := tap.DeleteCR()
	if err := copyThrough(io.Discard, broken{}, hook, rest); !errors.Is(err, errBroken) {
		t.Errorf("reading: %v", err)
	}
	if err := copyThrough(broken{}, strings.NewReader("x"), hook, rest); !errors.Is(err, errBroken) {
		t.Errorf("writing: %v", err)
	}
}

package tcprules

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"nettool/internal/cdb"
)

// nowhere is a place to write to that has no end.
type nowhere struct{}

func (nowhere) Seek(int64, int) (int64, error) { return 0, nil }

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	line, ok := errors.AsType[*LineError](Compile(nowhere{}, strings.NewReader("1:allow\n2:bad \t\n3:deny\n")))
	if !ok || line.Line != "2:bad" || line.Error() != `rule "2:bad": "bad" is neither allow nor deny` {
		t.Errorf("got %v", line)
	}
	if err := Compile(nowhere{}, strings.NewReader("x-y:allow")); !errors.Is(err, errRange) {
		t.Errorf("got %v", err)
	}
	read, ok := errors.AsType[*ReadError](Compile(nowhere{}, iotest.ErrReader(io.ErrNoProgress)))
	if !ok || read.Error() != "read rules: "+io.ErrNoProgress.Error() {
		t.Errorf("got %v", read)
	}
	long := strings.Repeat("x", MaxLine-1)
	if err := Compile(nowhere{}, strings.NewReader("#"+long+"\n")); !errors.Is(err, ErrLongLine) {
		t.Errorf("got %v", err)
	}
	if err := Compile(nowhere{}, strings.NewReader(long+"\n")); err != nil {
		t.Errorf("a line that is just short enough: %v", err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Compile(file, strings.NewReader("")); !errors.Is(err, os.ErrInvalid) && err == nil {
		t.Error("written to what is only read")
	}
}

// FuzzCompile: what was compiled can be opened, and asked.
func FuzzCompile(f *testing.F) {
	f.Add("1.2.3.4-7:allow,X=/y/\n:deny\n", "1.2.3.5")
	f.Add("joe@1.:deny", "1.1.1.1")
	f.Fuzz(func(t *testing.T, rules, ip string) {
		path := t.TempDir() + "/cdb"
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := Compile(file, strings.NewReader(rules)); err != nil {
			if _, ok := errors.AsType[*LineError](err); !ok && !errors.Is(err, ErrLongLine) {
				t.Fatal(err)
			}
			return
		}
		db, err := cdb.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, _, _, err = Find(db, Peer{IP: &ip}); err != nil && !strings.ContainsRune(rules, 0) {
			t.Fatal(err)
		}
	})
}

package cdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRoundTrip: what was added first under a key is found, and nothing else.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 300, 5000} {
		records, first := make([]record, n), map[string]string{}
		for i := range records {
			r := record{randomText(random, 3), randomText(random, 40)}
			records[i] = r
			if _, known := first[r.key]; !known {
				first[r.key] = r.value
			}
		}
		f := mustOpen(t, makeFile(t, records))
		for range n + 10 {
			key := randomText(random, 3)
			if n > 0 && random.IntN(2) == 0 {
				key = records[random.IntN(n)].key
			}
			want, known := first[key]
			if value, found, err := f.Find([]byte(key)); string(value) != want || found != known || err != nil {
				t.Fatalf("%d records: %q is %q, %v, %v; want %q, %v", n, key, value, found, err, want, known)
			}
		}
	}
}

func randomText(random *rand.Rand, limit int) string {
	b := make([]byte, random.IntN(limit+1))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return string(b)
}

// TestAgainstTcprules makes what the real one makes, byte for byte, and reads it.
func TestAgainstTcprules(t *testing.T) {
	t.Parallel()
	tool(t, "tcprules")
	for _, n := range []int{0, 1, 20, 3000} {
		var text strings.Builder
		var records []record
		for i := range n {
			key := fmt.Sprintf("10.%d.%d.%d", i%7, i%250, i%11) // some come twice
			fmt.Fprintf(&text, "%s:allow,N=/%d/\n", key, i)
			records = append(records, record{key, fmt.Sprintf("+N=%d\x00", i)})
		}
		theirs := filepath.Join(t.TempDir(), "cdb")
		cmd := exec.Command("tcprules", theirs, theirs+".tmp")
		cmd.Stdin = strings.NewReader(text.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		ours := makeFile(t, records)
		if !bytes.Equal(contentsOf(t, ours), contentsOf(t, theirs)) {
			t.Errorf("%d records: the files differ", n)
		}
		f := mustOpen(t, theirs)
		for _, r := range records {
			if _, found, err := f.Find([]byte(r.key)); !found || err != nil {
				t.Fatalf("%d records: %q: %v, %v", n, r.key, found, err)
			}
		}
	}
}

func contentsOf(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sink takes what is written, and fails once it took too much.
type sink struct{ room int }

var errNoRoom = errors.New("no room")

func (s *sink) Seek(offset int64, whence int) (int64, error) { return offset, nil }

func (s *sink) Write(p []byte) (int, error) {
	if s.room -= len(p); s.room < 0 {
		return 0, errNoRoom
	}
	return len(p), nil
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	m, err := NewMaker(&sink{1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	m.at = maxSize - 20 // as if there were so many records before
	if err := m.Add([]byte("key"), make([]byte, 10)); !errors.Is(err, ErrFull) {
		t.Errorf("a byte too much: %v", err)
	}
	if err := m.Add([]byte("key"), make([]byte, 9)); err != nil || m.at != maxSize {
		t.Errorf("the last byte: %v at %d", err, m.at)
	}
	if err := m.Finish(); !errors.Is(err, ErrFull) {
		t.Errorf("no room for the table: %v", err)
	}
}

// TestMakerErrors fails at every place where something is written.
func TestMakerErrors(t *testing.T) {
	t.Parallel()
	whole := 1000*(pairSize+2) + 2*1000*pairSize + headerSize
	for room := 0; room < whole; room += 500 {
		m, err := NewMaker(&sink{room})
		for i := 0; i < 1000 && err == nil; i++ {
			err = m.Add([]byte{byte(i), byte(i >> 8)}, nil)
		}
		if err == nil {
			err = m.Finish()
		}
		if !errors.Is(err, errNoRoom) {
			t.Fatalf("room for %d: %v", room, err)
		}
	}
	m, err := NewMaker(&sink{whole})
	for i := 0; i < 1000 && err == nil; i++ {
		err = m.Add([]byte{byte(i), byte(i >> 8)}, nil)
	}
	if err = errors.Join(err, m.Finish()); err != nil {
		t.Errorf("room for all: %v", err)
	}
}

var _ io.WriteSeeker = (*sink)(nil)

package cdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	f := mustOpen(t, makeFile(t, []record{{"a", "1"}, {"", "empty"}, {"a", "2"}, {"b", ""}}))
	for key, want := range map[string]string{"a": "1", "": "empty", "b": ""} {
		value, found, err := f.Find([]byte(key))
		if string(value) != want || !found || err != nil {
			t.Errorf("%q: got %q, %v, %v, want %q", key, value, found, err, want)
		}
	}
	if value, found, err := f.Find([]byte("c")); value != nil || found || err != nil {
		t.Errorf("got %q, %v, %v of a key that is not there", value, found, err)
	}
}

// TestManyFind asks from several goroutines: for the race detector.
func TestManyFind(t *testing.T) {
	t.Parallel()
	f := mustOpen(t, makeFile(t, []record{{"a", "1"}}))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				if value, _, err := f.Find([]byte("a")); string(value) != "1" || err != nil {
					t.Errorf("%q, %v", value, err)
				}
			}
		})
	}
	all.Wait()
}

// broken is a database of one record, "a", with something of it changed.
func broken(change func(data []byte, table, slot int) []byte) []byte {
	data := make([]byte, headerSize)
	for i := range tables {
		copy(data[i*pairSize:], appendPair(nil, uint32(headerSize+10), 0))
	}
	table := int(hash([]byte("a"))%tables) * pairSize
	copy(data[table:], appendPair(nil, headerSize+10, 2))
	data = append(appendPair(data, 1, 1), "ax"...)
	slot := len(data) + int(first(hash([]byte("a")), 2))*pairSize
	data = append(data, make([]byte, 2*pairSize)...)
	copy(data[slot:], appendPair(nil, hash([]byte("a")), headerSize))
	return change(data, table, slot)
}

func put(data []byte, at int, number uint32) []byte {
	binary.LittleEndian.PutUint32(data[at:], number)
	return data
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(data []byte, table, slot int) []byte
		want   string // of the error, of Open or Find; empty if "a" is just not found
	}{
		"empty":       {func([]byte, int, int) []byte { return nil }, "its 0 bytes are fewer than the 2048 of a header"},
		"half header": {func(data []byte, _, _ int) []byte { return data[:1000] }, "its 1000 bytes are fewer"},
		"cut":         {func(data []byte, _, _ int) []byte { return data[:len(data)-1] }, "2 slots at 2058, goes beyond the end, 2073"},
		"many slots":  {func(data []byte, table, _ int) []byte { return put(data, table+4, 1<<32-1) }, "4294967295 slots at 2058, goes beyond"},
		"far table":   {func(data []byte, table, _ int) []byte { return put(data, table, 1<<32-1) }, "2 slots at 4294967295, goes beyond"},
		"far record":  {func(data []byte, _, slot int) []byte { return put(data, slot+4, 1<<32-1) }, "record at 4294967295: is beyond the end"},
		"last byte":   {func(data []byte, _, slot int) []byte { return put(data, slot+4, uint32(len(data)-1)) }, "record at 2073: is beyond the end"},
		"long key":    {func(data []byte, _, _ int) []byte { return put(data, headerSize, 1<<32-1) }, "key of 4294967295 bytes and value of 1 go beyond"},
		"long value":  {func(data []byte, _, _ int) []byte { return put(data, headerSize+4, 1<<32-1) }, "value of 4294967295 go beyond"},
		"other hash":  {func(data []byte, _, slot int) []byte { return put(data, slot, 7) }, ""},
		"no free slot": {func(data []byte, _, slot int) []byte {
			put(data, headerSize+10, 7)
			put(data, headerSize+10+4, headerSize)
			put(data, headerSize+10+8, 7)
			return put(data, headerSize+10+12, headerSize)
		}, ""},
	} {
		path := filepath.Join(t.TempDir(), "cdb")
		if err := os.WriteFile(path, broken(test.change), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := ask(path, "a")
		switch format, ok := errors.AsType[*FormatError](err); {
		case found:
			t.Errorf("%s: found", name)
		case err == nil && test.want == "":
		case !ok || test.want == "" || format.Path != path || !strings.Contains(format.Error(), test.want):
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func ask(path, key string) (found bool, err error) {
	f, err := Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, found, err = f.Find([]byte(key))
	return found, err
}

// TestCut cuts a file while it is open: to whole pages, which takes the mapping away
// under us, and to a byte less, which leaves zeros there.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, less := range []int64{1, 4096, 64 << 10} {
		path := makeFile(t, []record{{"a", strings.Repeat("x", 64<<10)}, {"b", "2"}})
		f := mustOpen(t, path)
		if _, found, err := f.Find([]byte("b")); !found || err != nil {
			t.Fatalf("before: %v, %v", found, err)
		}
		if err := os.Truncate(path, f.size-less); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "b", "c"} {
			value, found, err := f.Find([]byte(key))
			if _, ok := errors.AsType[*FormatError](err); !ok || found || value != nil {
				t.Errorf("%d bytes less, %q: %d bytes, %v, %v", less, key, len(value), found, err)
			}
		}
	}
}

// TestReplaced: what was opened stays when another takes its name.
func TestReplaced(t *testing.T) {
	t.Parallel()
	path, other := makeFile(t, []record{{"a", "1"}}), makeFile(t, []record{{"b", "1"}})
	f := mustOpen(t, path)
	if err := os.Rename(other, path); err != nil {
		t.Skip(err) // Windows keeps an open file's name
	}
	if value, _, err := f.Find([]byte("a")); string(value) != "1" || err != nil {
		t.Errorf("got %q, %v", value, err)
	}
}

func TestOpenOthers(t *testing.T) {
	t.Parallel()
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("directory: %v", err)
	}
}

// FuzzFile: whatever a file holds, there is an end, and what is found is a part of it.
func FuzzFile(f *testing.F) {
	f.Add([]byte{}, "a")
	f.Add(broken(func(data []byte, _, _ int) []byte { return data }), "a")
	f.Add(broken(func(data []byte, _, slot int) []byte { return put(data, slot+4, 2000) }), "a")
	f.Add(broken(func(data []byte, table, _ int) []byte { return put(data, table+4, 1) }), "b")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		file := &File{path: "f", size: int64(len(data)), data: data}
		if len(data) < headerSize || file.checkHeader() != nil {
			return
		}
		value, found, err := file.find([]byte(key))
		switch {
		case err != nil && found, !found && value != nil:
			t.Fatalf("%q, %v, %v", value, found, err)
		case found && !bytes.Contains(data, append([]byte(key), value...)):
			t.Fatalf("%q is %q, which is not there", key, value)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	f := mustOpen(b, makeFile(b, []record{{"127.0.0.1", "+A=1"}, {"", "D"}}))
	b.ReportAllocs()
	for b.Loop() {
		f.Find([]byte("127.0.0.1"))
	}
}

package tap

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Of what has come Until looks at 64 KiB, and at the piece that comes: here the
// last byte of the match alone.
func TestLimitWindow(t *testing.T) {
	t.Parallel()
	for before, want := range map[int]bool{64<<10 - 1: true, 64 << 10: true, 64<<10 + 1: false} {
		l := Limit{Until: regexp.MustCompile(`<x*>`)}
		if _, done := drink(&l, "early <"+strings.Repeat("x", before-1), 20_000); done {
			t.Fatal("matched too early")
		}
		if _, done := l.Take([]byte(">")); done != want {
			t.Errorf("a match of %d bytes and one: %v", before, done)
		}
	}
}

// The last 64 bytes are shown.
func TestLastWords(t *testing.T) {
	t.Parallel()
	for _, n := range []int{63, 64, 65, 1000} {
		l := Limit{Bytes: 1 << 20}
		l.Take([]byte(strings.Repeat("a", n-1) + "z"))
		want := `the last received were "` + strings.Repeat("a", min(n, 64)-1) + `z"`
		if err := l.Missing(); !strings.HasSuffix(err.Error(), want) {
			t.Errorf("of %d bytes: %v", n, err)
		}
	}
}

// A dump has sixteen bytes to the line, and an offset that grows past eight
// digits.
func TestDumpOffsets(t *testing.T) {
	t.Parallel()
	dump := Dump(Received)
	lines := strings.SplitAfter(string(dump(make([]byte, 33))), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[2], "< 00000020  00  ") {
		t.Errorf("got %q", lines)
	}
	one := 1 // an int of 32 bits has no such offset
	if got := string(dumpLine(nil, Sent, one<<(strconv.IntSize/2), []byte("a"))); strconv.IntSize == 64 && !strings.HasPrefix(got, "> 100000000  61 ") {
		t.Errorf("got %q", got)
	}
}

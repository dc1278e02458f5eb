package quit

import (
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		prefix string
		pieces string // with | between them
		kept   string
		found  bool
	}{
		{"", "quit\n|quit", "quit\nquit", false},
		{"quit", "quit", "", true},
		{"quit", "quitting", "", true},
		{"quit", "quit\nmore", "", true},
		{"quit", "hello\nquit\nmore", "hello\n", true},
		{"quit", "qui\nquit", "qui\n", true},
		{"quit", "quiquit\nqu\n", "quiquit\nqu\n", false},
		{"quit", " quit\nxquit\n", " quit\nxquit\n", false},
		{"quit", "Quit\n", "Quit\n", false},
		{"quit", "\n\n\nquit", "\n\n\n", true},
		{"quit", "a\r\nquit\r\n", "a\r\n", true},
		{"quit", "", "", false},
		{"quit", "q|u|i|t", "qui", true}, // what came before the last piece was sent on already
		{"quit", "a\n|quit", "a\n", true},
		{"quit", "a\nq|uit", "a\nq", true},
		{"quit", "a|quit", "aquit", false},
		{"quit", "qui|\nquit", "qui\n", true},
		{"quit", "|quit", "", true},
		{"q", "\nq", "\n", true},
		{"aab", "aaab\naab", "aaab\n", true}, // a line matches from its first byte only
		{"\n", "\n\n", "\n\n", false},
		{"a\nb", "a\nb\na\nb", "a\nb\na\nb", false},
		{"\xff\x00", "\n\xff\x00", "\n", true},
	} {
		kept, found := scanAll(test.prefix, strings.Split(test.pieces, "|"))
		if kept != test.kept || found != test.found {
			t.Errorf("%q in %q: kept %q, found %v", test.prefix, test.pieces, kept, found)
		}
	}
}

// scanAll scans pieces as echo does: until one is found.
func scanAll(prefix string, pieces []string) (kept string, found bool) {
	q := Scanner{Prefix: prefix}
	for _, piece := range pieces {
		n, found := q.Scan([]byte(piece))
		kept += piece[:n]
		if found {
			return kept, true
		}
	}
	return kept, false
}

// quitAt is where the first line that starts with prefix begins, or -1.
func quitAt(prefix, text string) int {
	at := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return at
		}
		at += len(line)
	}
	return -1
}

// FuzzScan cuts a text in pieces: whether a line quits does not depend on
// where, and what is kept is what comes before it, but for bytes of the prefix
// that were sent on before the rest of it came.
func FuzzScan(f *testing.F) {
	f.Add("quit", "hello\nquit\n", []byte{1, 2, 3})
	f.Add("quit", "qui\nquitquit", []byte{3, 2, 1, 1, 1})
	f.Add("a", "", []byte{})
	f.Add("a\n", "a\na\n", []byte{1, 1})
	f.Add("ab", "aab\nab", []byte{1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, prefix, text string, cuts []byte) {
		want := quitAt(prefix, text)
		if prefix == "" || strings.Contains(prefix, "\n") {
			want = -1
		}
		kept, found := scanAll(prefix, []string{text})
		if found != (want >= 0) || (found && len(kept) != want) || (!found && kept != text) {
			t.Fatalf("%q in %q: kept %q, found %v; want %d", prefix, text, kept, found, want)
		}
		kept, found = scanAll(prefix, cut(text, cuts))
		if found != (want >= 0) || !strings.HasPrefix(text, kept) {
			t.Fatalf("%q in %q cut by %v: kept %q, found %v; want %d", prefix, text, cuts, kept, found, want)
		}
		if over := len(kept) - want; found && (over < 0 || over >= len(prefix)) {
			t.Fatalf("%q in %q cut by %v: kept %q, want %d and less than the prefix", prefix, text, cuts, kept, want)
		}
	})
}

// cut divides text into pieces of these sizes.
func cut(text string, sizes []byte) (pieces []string) {
	for _, n := range sizes {
		n := min(int(n), len(text))
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return append(pieces, text)
}

// TestScanAfterTheLine: what follows in later pieces is the line's, or comes
// after it.
func TestScanAfterTheLine(t *testing.T) {
	t.Parallel()
	s := Scanner{Prefix: "qu"}
	for _, piece := range []string{"qu", "it", "\nrest\n"} {
		if start, found := s.Scan([]byte(piece)); start != 0 || !found {
			t.Errorf("%q: %d, %v", piece, start, found)
		}
	}
}

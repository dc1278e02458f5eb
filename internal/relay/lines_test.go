package relay

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Lines are passed on one by one, in pieces of any size, with a pause before each but
// the first; if they are held, whole.
func TestLines(t *testing.T) {
	t.Parallel()
	text := "one\n\ntwo\nlong-line\nrest"
	for size := 1; size <= len(text); size++ {
		for _, hold := range []bool{false, true} {
			pauses := 0
			var got []string
			l := lines{hold: hold, longest: 8, pause: func() error { pauses++; return nil }}
			send := func(p []byte) error { got = append(got, string(p)); return nil }
			for at := 0; at < len(text); at += size {
				l.send([]byte(text[at:min(at+size, len(text))]), send)
			}
			l.flush(send)
			if strings.Join(got, "") != text || pauses != 4 {
				t.Errorf("pieces of %d, hold %v: %q with %d pauses", size, hold, got, pauses)
			}
			if want := []string{"one\n", "\n", "two\n", "long-lin", "e\n", "rest"}; hold && !slices.Equal(got, want) {
				t.Errorf("pieces of %d: %q", size, got)
			}
		}
	}
}

// What fails ends it, the pause as well.
func TestLinesFail(t *testing.T) {
	t.Parallel()
	fail := errors.New("fail")
	l := lines{pause: func() error { return fail }}
	sent := 0
	err := l.send([]byte("a\nb\n"), func([]byte) error { sent++; return nil })
	if err != fail || sent != 1 {
		t.Errorf("%v after %d", err, sent)
	}
	if err := (&lines{}).send([]byte("a"), func([]byte) error { return fail }); err != fail {
		t.Error(err)
	}
}

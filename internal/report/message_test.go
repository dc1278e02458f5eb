package report

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"nettool/internal/exit"
)

func TestFailure(t *testing.T) {
	t.Parallel()
	hinted := &exit.Error{Code: exit.Usage, Err: errors.New("bad"), Hint: "do better"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{exit.Status(exit.No), ""},
		{fmt.Errorf("wrapped: %w", exit.Status(exit.No)), ""},
		{errors.New("plain"), "nettool: error: plain\n"},
		{hinted, "nettool: error: bad\nnettool: hint: do better\n"},
		{fmt.Errorf("wrapped: %w", hinted), "nettool: error: wrapped: bad\nnettool: hint: do better\n"},
		{errors.New("first\nsecond\n"), "nettool: error: first\nnettool: error: second\n"},
		{errors.New("peer said \x1b[2J\r"), `nettool: error: peer said \x1b[2J\r` + "\n"},
		{&exit.Error{Err: errors.New("x"), Hint: "not \x1b this"}, "nettool: error: x\nnettool: hint: not \\x1b this\n"},
	} {
		var b bytes.Buffer
		Failure(&b, "nettool", test.err)
		if b.String() != test.want {
			t.Errorf("%v: got %q, want %q", test.err, b.String(), test.want)
		}
	}
	var b bytes.Buffer
	Notice(&b, "nettool", "%s of %d", "a\nb", 2)
	if got := b.String(); got != `nettool: a\nb of 2`+"\n" {
		t.Errorf("got %q", got)
	}
}

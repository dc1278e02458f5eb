package getopt

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mixed      bool
		args, want string
	}{
		{false, "", " | | <nil>"},
		{false, "host 1 prog -v", " | host 1 prog -v | <nil>"},
		{true, "host 1 -v", "v | host 1 | <nil>"},
		{false, "-vv -RHl0 -l 0 host -v", "v v R H l=0 l=0 | host -v | <nil>"},
		{false, "-v -- -v", "v | -v | <nil>"},
		{true, "a - -v -- -v", "v | a - -v | <nil>"},
		{false, "-l", " | | option requires an argument -- 'l'"},
		{false, "-vz host", "v | host | invalid option -- 'z'"},
		{false, "-: host", " | host | invalid option -- ':'"},
		{false, "-l -v", "l=-v | | <nil>"},
	} {
		spec := Spec{Letters: "vRHl:", Mixed: test.mixed}
		options, rest, err := spec.Parse(strings.Fields(test.args))
		var words []string
		for _, o := range options {
			word := string(o.Letter)
			if o.Letter == 'l' {
				word += "=" + o.Value
			}
			words = append(words, word)
		}
		got := strings.Join(words, " ") + " | " + strings.TrimSpace(strings.Join(rest, " ")+" ") + " | " + fmt.Sprint(err)
		got = strings.ReplaceAll(got, "|  |", "| |")
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.args, got, test.want)
		}
	}
}

// FuzzParse: every option is one of the letters, and nothing of the line is lost or made up.
func FuzzParse(f *testing.F) {
	f.Add("-vRl 0\x00host", true)
	f.Add("-l\x00--\x00-", false)
	f.Fuzz(func(t *testing.T, line string, mixed bool) {
		args := strings.Split(line, "\x00")
		options, rest, err := Spec{Letters: "vl:", Mixed: mixed}.Parse(args)
		size := 0
		for _, o := range options {
			if o.Letter != 'v' && o.Letter != 'l' || o.Letter == 'v' && o.Value != "" {
				t.Fatalf("%q: option %q", args, o)
			}
			size += 1 + len(o.Value)
		}
		for _, word := range rest {
			size += len(word)
		}
		if whole := len(strings.Join(args, "")); err == nil && size > whole {
			t.Fatalf("%q: %d bytes came out of %d", args, size, whole)
		}
	})
}

package applets

import (
	"reflect"
	"strings"
	"testing"

	"nettool/applets/probe"
	"nettool/internal/cli"
)

// TestPlain: what probe makes of a command line without flags is what kong makes of it.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"a:1", "a 1", "check a:1 b:2", "wait a:1", "a:1 wait", "a:1 ping", "icmp:a", "7000", "", "check", "wait", "-v a:1", "a:1 -q", "wait --down a:1", "ping a:1", "sweep a:1", "load a:1", "export a:1", "compare a b"} {
		args := strings.Fields(line)
		plain, usual := &probe.Cmd{}, &probe.Cmd{}
		_, ok := plain.Plain(args)
		want := line != "" && !strings.ContainsRune(line, '-') && line != "check" && line != "wait"
		for _, other := range []string{"ping ", "sweep ", "load ", "export ", "compare "} {
			want = want && !strings.HasPrefix(line, other)
		}
		if ok != want {
			t.Errorf("%q: %v", line, ok)
		}
		if !ok {
			continue
		}
		parser, _, err := newParser(usual, &cli.Call{Name: "probe"})
		if err == nil {
			_, err = parser.Parse(arrange(parser.Model, args))
		}
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		// What other subcommands have by default is theirs.
		usual.Sweep, usual.Load, usual.Export = plain.Sweep, plain.Load, plain.Export
		if !reflect.DeepEqual(plain, usual) {
			t.Errorf("%q: got %+v, kong makes %+v of it", line, plain, usual)
		}
	}
}

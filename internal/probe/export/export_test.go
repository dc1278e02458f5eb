package export

import (
	"errors"
	"strings"
	"testing"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
)

// plain takes the flags --level syn and none.
func plain(flags []string) (attempt.Spec, error) {
	if len(flags) > 0 && flags[0] == "--bad" {
		return attempt.Spec{}, errors.New("unknown flag --bad")
	}
	return attempt.Spec{Before: strings.Join(flags, "|")}, nil
}

func TestConfig(t *testing.T) {
	t.Parallel()
	c := Config{Modules: map[string]attempt.Spec{}}
	err := c.Read(strings.NewReader("\ufeff# modules\nmodule a --send 'GET /\\r\\n' \"it's\" x#y # said\r\n\n \ttarget a:1 b:2-3\t# more\ntarget *.c:*\nmodule b"), "f", plain)
	if err != nil || len(c.Modules) != 2 || c.Modules["a"].Before != `--send|GET /\r\n|it's|x#y` || len(c.Targets) != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	for text, want := range map[string]bool{"a:1": true, "b:3": true, "x.c:9": true, "a:2": false, "c:9": false} {
		to, err := target.Parse(text)
		if got := c.Allows(to.Addr); err != nil || got != want {
			t.Errorf("allows %s: %v, %v", text, got, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"\nmodul a", `configuration "f", line 2: "modul": want module NAME`},
		{"module", "line 1: want module NAME"},
		{"module a/b", "want module NAME"},
		{"module a\nmodule a", `line 2: there is a module "a" already`},
		{"module a --bad", `line 1: module "a": unknown flag --bad`},
		{"target", "want target PATTERN"},
		{"target a:1 b", "the port is missing"},
		{"module 'a", "a quote (') has no end"},
		{"#\n#" + strings.Repeat("x", 70_000), "line 2: has more than 65536 bytes"},
	} {
		c := Config{Modules: map[string]attempt.Spec{}}
		if err := c.Read(strings.NewReader(tt.text), "f", plain); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.text[:min(len(tt.text), 20)], err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("module a --x 'y z'\ntarget *.a:1 icmp:* # c")
	f.Fuzz(func(_ *testing.T, text string) {
		c := Config{Modules: map[string]attempt.Spec{}}
		if c.Read(strings.NewReader(text), "f", plain) == nil {
			to, _ := target.Parse("a:1")
			c.Allows(to.Addr)
		}
	})
}

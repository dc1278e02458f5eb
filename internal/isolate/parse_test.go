package isolate

import (
	"reflect"
	"strings"
	"testing"
)

func TestRlimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Rlimit
		says string
	}{
		{"nofile=256", Rlimit{"nofile", 256, 256}, ""},
		{"as=64M:1G", Rlimit{"as", 64 << 20, 1 << 30}, ""},
		{"RLIMIT_CPU=10:unlimited", Rlimit{"cpu", 10, Unlimited}, ""},
		{"core=0", Rlimit{"core", 0, 0}, ""},
		{"stack=infinity", Rlimit{"stack", Unlimited, Unlimited}, ""},
		{"nofile", Rlimit{}, `limit "nofile": want NAME=SOFT[:HARD]`},
		{"files=3", Rlimit{}, `there is no "files"; there are as, core, cpu`},
		{"cpu=", Rlimit{}, `value "": want a number`},
		{"cpu=1:", Rlimit{}, `value "": want a number`},
		{"cpu=10s", Rlimit{}, `value "10s": want a number`},
		{"cpu=-1", Rlimit{}, `value "-1": want a number`},
		{"as=9223372036854775807G", Rlimit{}, "want a number"},
		{"cpu=2:1", Rlimit{}, "the soft limit is above the hard one"},
		{"cpu=1:2:3", Rlimit{}, `value "2:3": want a number`},
	} {
		var got Rlimit
		err := got.UnmarshalText([]byte(c.text))
		check(t, c.text, got, c.want, err, c.says)
	}
}

func TestPathRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want PathRule
		says string
	}{
		{"ro:/", PathRule{"/", false}, ""},
		{"rw:a:b", PathRule{"a:b", true}, ""},
		{"/usr", PathRule{}, `rule "/usr": want ro:PATH or rw:PATH`},
		{"rx:/usr", PathRule{}, "want ro:PATH or rw:PATH"},
		{"ro:", PathRule{}, "want ro:PATH or rw:PATH"},
		{"ro:a\x00b", PathRule{}, "no zero byte"},
	} {
		var got PathRule
		err := got.UnmarshalText([]byte(c.text))
		check(t, c.text, got, c.want, err, c.says)
	}
}

func TestTmpfs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Tmpfs
		says string
	}{
		{"/tmp", Tmpfs{"/tmp", 0}, ""},
		{"/tmp:64M", Tmpfs{"/tmp", 64 << 20}, ""},
		{"tmp", Tmpfs{}, `tmpfs "tmp": want an absolute path`},
		{"", Tmpfs{}, "want an absolute path"},
		{"/tmp:", Tmpfs{}, `size "": want a number of bytes`},
		{"/tmp:0", Tmpfs{}, `size "0": want a number of bytes`},
		{"/tmp:unlimited", Tmpfs{}, "want a number of bytes"},
	} {
		var got Tmpfs
		err := got.UnmarshalText([]byte(c.text))
		check(t, c.text, got, c.want, err, c.says)
	}
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Namespaces
		says string
	}{
		{"net", Net, ""},
		{"net,pid,ipc,uts,mount,user", Net | PID | IPC | UTS | Mount | User, ""},
		{"time", 0, `namespace "time": there is no such kind; there are net, pid,`},
		{"", 0, `namespace "": there is no such kind`},
	} {
		var got Namespaces
		err := got.UnmarshalText([]byte(c.text))
		check(t, c.text, got, c.want, err, c.says)
		if err == nil && strings.Join(got.Names(), ",") != c.text {
			t.Errorf("%q: names %q", c.text, got.Names())
		}
	}
}

func TestUmask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int
		says string
	}{
		{"027", 0o27, ""},
		{"0", 0, ""},
		{"777", 0o777, ""},
		{"1000", 0, `umask "1000": want an octal number`},
		{"8", 0, "want an octal number"},
		{"", 0, "want an octal number"},
		{"u=rwx", 0, "want an octal number"},
	} {
		got, err := ParseUmask(c.text)
		check(t, c.text, got, c.want, err, c.says)
	}
}

// TestWith has later variables in the place of earlier ones.
func TestWith(t *testing.T) {
	t.Parallel()
	old := []string{"A=1", "AB=2", "C=3"}
	if got, want := With(old, []string{"A=4", "D=5", "D=6"}), []string{"AB=2", "C=3", "A=4", "D=6"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !reflect.DeepEqual(old, []string{"A=1", "AB=2", "C=3"}) {
		t.Errorf("what was given is %q now", old)
	}
	for _, bad := range []string{"", "A", "=x", "A=\x00"} {
		if CheckVariable(bad) == nil {
			t.Errorf("variable %q is taken", bad)
		}
	}
}

func check[T comparable](t *testing.T, text string, got, want T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && (err != nil || got != want):
		t.Errorf("%q: %v, %v; want %v", text, got, err, want)
	case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
		t.Errorf("%q: %v, %v; want the error %s", text, got, err, says)
	}
}

// FuzzParse: no text is taken that means nothing, and what is taken is read the
// same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"nofile=256", "as=64M:unlimited", "ro:/", "rw:a:b", "/tmp:64M", "net,pid", "027", "A=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l, again Rlimit
		if l.UnmarshalText([]byte(text)) == nil && (again.UnmarshalText([]byte(l.String())) != nil || again != l || l.Soft > l.Hard) {
			t.Errorf("limit %q: %v, then %v", text, l, again)
		}
		var r PathRule
		if r.UnmarshalText([]byte(text)) == nil && (r.String() != text || r.Path == "") {
			t.Errorf("rule %q: %v", text, r)
		}
		var m Tmpfs
		if m.UnmarshalText([]byte(text)) == nil && (m.Path[0] != '/' || m.Size < 0) {
			t.Errorf("tmpfs %q: %v", text, m)
		}
		var n Namespaces
		if n.UnmarshalText([]byte(text)) == nil && (n == 0 || n > Net|PID|IPC|UTS|Mount|User) {
			t.Errorf("namespaces %q: %b", text, n)
		}
		if mask, err := ParseUmask(text); err == nil && (mask < 0 || mask > 0o777) {
			t.Errorf("umask %q: %o", text, mask)
		}
		if CheckVariable(text) == nil && !strings.Contains(text[1:], "=") {
			t.Errorf("variable %q", text)
		}
	})
}

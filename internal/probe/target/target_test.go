package target_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nettool/internal/exit"
	"nettool/internal/probe/target"
)

func TestParseAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"db:5432", "db:5432"},
		{"80", "localhost:80"},
		{":80", "localhost:80"},
		{"80 81", "localhost:80 localhost:81"},
		{"db 80", "db:80"},
		{"::1 80", "[::1]:80"},
		{"[::1] 80", "[::1]:80"},
		{"db 80,82-83", "db:80 db:82 db:83"},
		{"db:22,80,8000-8002", "db:22 db:80 db:8000 db:8001 db:8002"},
		{"db:3-5,4-6,1", "db:1 db:3 db:4 db:5 db:6"},
		{"[::1]:1-2", "[::1]:1 [::1]:2"},
		{"7-8", "localhost:7 localhost:8"},
		{"tcp4:db:1,2", "tcp4:db:1 tcp4:db:2"},
		{"tls:db:443,8443", "tls:db:443 tls:db:8443"},
		{"db:ssh,http", "db:22 db:80"},
		{"unix:/a,b-1", "unix:/a,b-1"},
		{"/tmp/a:1-2", "unix:/tmp/a:1-2"},
		{"db:65535,65534", "db:65534 db:65535"},
		{"Bücher.Example:1", "xn--bcher-kva.Example:1"},
		{"bücher.example 1", "xn--bcher-kva.example:1"},
		{"tls:tcp4:例え.テスト:1-2", "tls:tcp4:xn--r8jz45g.xn--zckzah:1 tls:tcp4:xn--r8jz45g.xn--zckzah:2"},
		{"пример.испытание:1", "xn--e1afmkfd.xn--80akhbyknj4f:1"},
		{"他们为什么不说中文:1", "xn--ihqwcrb4cv8a8dqg056pqjye:1"},
		{"ü.a:1", "xn--tda.a:1"},
		{"unix:/ü", "unix:/ü"},
	} {
		got, err := labels(strings.Fields(tt.args))
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v; want %q", tt.args, got, err, tt.want)
		}
	}
}

func labels(args []string) (string, error) {
	targets, err := target.ParseAll(args, nil)
	var out []string
	for _, a := range target.Expand(targets) {
		out = append(out, target.Label(a))
	}
	return strings.Join(out, " "), err
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"", "no target"},
		{"db:0", "out of range"},
		{"db:1,70000", "out of range"},
		{"db:65536", "out of range"},
		{"db:0,1", "out of range"},
		{"db:65535-65536", "out of range"},
		{"db 65536", "out of range"},
		{"db:9-3", "runs backwards"},
		{"db:1,,2", "a port is missing"},
		{"db:1-", "neither a number"},
		{"db", "the port is missing"},
		{"a:b:c", "too many colons"},
		{"udp:db:53", "TCP and unix stream sockets only"},
		{"fd:3", "TCP and unix stream sockets only"},
		{"u\u0308ber:1", "write them as one character"},
		{"b\u00fc\u200bcher:1", "holds '\\u200b'"},
		{"b\xfccher:1", "the host name"},
		{strings.Repeat("ü", 64) + ":1", "is too long"},
		{"db:no-such-service", "neither a number nor a known service"},
	} {
		_, err := target.ParseAll(strings.Fields(tt.args), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || exit.Of(err) != exit.Usage {
			t.Errorf("%q: got %v, code %d; want %q", tt.args, err, exit.Of(err), tt.want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	text := "# machines\n\ndb:1-2\n  web 80 # front\n::1 9\n"
	got, err := target.ParseAll([]string{"@-"}, strings.NewReader(text))
	if err != nil || len(got) != 3 || got[0].Len() != 2 || target.Label(got[2].Addr) != "[::1]:9" {
		t.Errorf("got %v, %v", got, err)
	}
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte("db:1\nbad line here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = target.ParseAll([]string{"@" + name}, nil); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want the line's number", err)
	}
	if _, err = target.ParseAll([]string{"@" + name + ".none"}, nil); exit.Of(err) != exit.Local {
		t.Errorf("got %v, want exit 9", err)
	}
}

// TestLongLine: a line of a list may be long, but not without bound.
func TestLongLine(t *testing.T) {
	t.Parallel()
	for length, ok := range map[int]bool{60000: true, 70000: false} {
		text := "\ufeffdb:1\n#" + strings.Repeat("x", length) + "\n"
		got, err := target.ParseAll([]string{"@-"}, strings.NewReader(text))
		if ok && (err != nil || len(got) != 1) || !ok && (exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), `"-", line 2: has more than`)) {
			t.Errorf("a line of %d bytes: %v, %v", length, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"db:5432", "80", "[::1]:1-2", "h:22,80,8000-8100", "unix:/x", "tls:h:1", "h:-", ":,", "[fe80::1%eth0]:80", "bücher:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := target.Parse(text)
		if err != nil {
			return
		}
		if got.Len() < 1 || got.Len() > 65535 {
			t.Fatalf("%q: %d ports", text, got.Len())
		}
		again, err := target.Parse(got.Addr.String())
		if err != nil || again.Addr != got.Addr {
			t.Fatalf("%q: %v does not parse back: %v, %v", text, got.Addr, again.Addr, err)
		}
	})
}

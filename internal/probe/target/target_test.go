package target_test

import (
	"fmt"
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
		{"192.0.2.5/30:80", "192.0.2.4:80 192.0.2.5:80 192.0.2.6:80 192.0.2.7:80"},
		{"192.0.2.5/32:80", "192.0.2.5:80"},
		{"255.255.255.254/31:1-2", "255.255.255.254:1 255.255.255.254:2 255.255.255.255:1 255.255.255.255:2"},
		{"tls:192.0.2.9-11:1", "tls:192.0.2.9:1 tls:192.0.2.10:1 tls:192.0.2.11:1"},
		{"tcp4:192.0.2.255-192.0.3.0:1", "tcp4:192.0.2.255:1 tcp4:192.0.3.0:1"},
		{"192.0.2.1-2 7,9", "192.0.2.1:7 192.0.2.1:9 192.0.2.2:7 192.0.2.2:9"},
		{"192.0.2.0/31 7", "192.0.2.0:7 192.0.2.1:7"},
		{"[2001:db8::/127]:80", "[2001:db8::]:80 [2001:db8::1]:80"},
		{"[2001:db8::f-2001:db8::10]:80", "[2001:db8::f]:80 [2001:db8::10]:80"},
		{"2001:db8::/127 7", "[2001:db8::]:7 [2001:db8::1]:7"},
		{"192.0.2.0/28:80", strings.TrimSpace(sixteen())},
		{"web-1:80", "web-1:80"},
		{"192.0.2.1-web:80", "192.0.2.1-web:80"},
		{"[fe80::1%br-lan]:80", "[fe80::1%br-lan]:80"},
		{"www.example.org@192.0.2.7:443", "www.example.org@192.0.2.7:443"},
		{"tls:tcp6:Bücher.example@[2001:db8::1]:1-2", "tls:tcp6:xn--bcher-kva.example@[2001:db8::1]:1 tls:tcp6:xn--bcher-kva.example@[2001:db8::1]:2"},
		{"www@[fe80::1%eth0]:443", "www@[fe80::1%eth0]:443"},
		{"unix:@name", "unix:@name"},
		{"udp:db:53", "udp:db:53"},
		{"udp4:db:53,123", "udp4:db:53 udp4:db:123"},
		{"icmp:db", "icmp:db"},
		{"icmp:Bücher.example", "icmp:xn--bcher-kva.example"},
		{"icmp:192.0.2.6-7", "icmp:192.0.2.6 icmp:192.0.2.7"},
		{"icmp:::1", "icmp:::1"},
		{"icmp:[2001:db8::/127]", "icmp:2001:db8:: icmp:2001:db8::1"},
		{"icmp:db@192.0.2.7", "icmp:db@192.0.2.7"},
		{"icmp:fe80::1%eth0", "icmp:fe80::1%eth0"},
	} {
		got, err := labels(strings.Fields(tt.args))
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v; want %q", tt.args, got, err, tt.want)
		}
	}
}

// sixteen are the hosts of 192.0.2.0/28, at port 80.
func sixteen() string {
	var b strings.Builder
	for i := range 16 {
		fmt.Fprintf(&b, "192.0.2.%d:80 ", i)
	}
	return b.String()
}

func labels(args []string) (string, error) {
	targets, err := target.List{Args: args, MaxHosts: 16}.All()
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
		{"unixgram:/db", "TCP, UDP, ICMP and unix stream sockets only"},
		{"fd:3", "TCP, UDP, ICMP and unix stream sockets only"},
		{"tls:udp:db:53", "TLS works over TCP only"},
		{"icmp:", "the host is missing"},
		{"icmp:db:80", "ICMP has no ports"},
		{"icmp:db@host", `behind "@" is no IP address`},
		{"icmp:192.0.2.1@192.0.2.2", `before "@" is no name`},
		{"icmp:192.0.2.0/27", "are more than 16"},
		{"icmp:d!b", "the host name"},
		{"u\u0308ber:1", "write them as one character"},
		{"b\u00fc\u200bcher:1", "holds '\\u200b'"},
		{"b\xfccher:1", "the host name"},
		{strings.Repeat("ü", 64) + ":1", "is too long"},
		{"192.0.2.0/27:80", "the hosts 192.0.2.0 to 192.0.2.31 are more than 16"},
		{"192.0.2.0/29:80 192.0.2.0/29:81 192.0.2.4/31:82", "192.0.2.4 to 192.0.2.5 are more than 16, or make more"},
		{"[::/0]:80", "are more than 16"},
		{"192.0.2.0/33:80", `"192.0.2.0/33" is no network; the form is 192.0.2.0/28`},
		{"db/28:80", `"db/28" is no network`},
		{"192.0.2.9-3:80", `run backwards; the form is 192.0.2.3-192.0.2.9`},
		{"192.0.2.1-999:80", `"192.0.2.1-999" is no range of hosts`},
		{"192.0.2.1-::1:80", "too many colons"},
		{"[192.0.2.1-::1]:80", "is no range of hosts"},
		{"[fe80::1%a-fe80::2%b]:80", "is no range of hosts"},
		{"http://db/:80", "is a URL"},
		{"www@db:443", `behind "@" is no IP address; the form is NAME@IP:PORT`},
		{"www@443", `behind "@" is no IP address`},
		{"www@192.0.2.0/28:443", `behind "@" is no IP address`},
		{"192.0.2.1@192.0.2.2:443", `before "@" is no name`},
		{"w/w@192.0.2.2:443", "the host name"},
		{"tls:@192.0.2.2:443", `before "@" is no name`},
		{"a@b@192.0.2.2:443", `behind "@" is no IP address`},
		{"tcp4:www@[::1]:443", "is not an address for tcp4"},
		{"db:no-such-service", "neither a number nor a known service"},
	} {
		_, err := target.List{Args: strings.Fields(tt.args), MaxHosts: 16}.All()
		if err == nil || !strings.Contains(err.Error(), tt.want) || exit.Of(err) != exit.Usage {
			t.Errorf("%q: got %v, code %d; want %q", tt.args, err, exit.Of(err), tt.want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	text := "# machines\n\ndb:1-2\n  web 80 # front\n::1 9\n"
	got, err := target.List{Args: []string{"@-"}, Stdin: strings.NewReader(text)}.All()
	if err != nil || len(got) != 3 || got[0].Len() != 2 || target.Label(got[2].Addr) != "[::1]:9" {
		t.Errorf("got %v, %v", got, err)
	}
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte("db:1\nbad line here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = (target.List{Args: []string{"@" + name}}).All(); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want the line's number", err)
	}
	if _, err = (target.List{Args: []string{"@" + name + ".none"}}).All(); exit.Of(err) != exit.Local {
		t.Errorf("got %v, want exit 9", err)
	}
}

// TestLongLine: a line of a list may be long, but not without bound.
func TestLongLine(t *testing.T) {
	t.Parallel()
	for length, ok := range map[int]bool{60000: true, 70000: false} {
		text := "\ufeffdb:1\n#" + strings.Repeat("x", length) + "\n"
		got, err := target.List{Args: []string{"@-"}, Stdin: strings.NewReader(text)}.All()
		if ok && (err != nil || len(got) != 1) || !ok && (exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), `"-", line 2: has more than`)) {
			t.Errorf("a line of %d bytes: %v, %v", length, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"db:5432", "80", "[::1]:1-2", "h:22,80,8000-8100", "unix:/x", "tls:h:1", "h:-", ":,", "[fe80::1%eth0]:80", "bücher:1", "192.0.2.0/28:1-2", "[::1-::9]:1", "192.0.2.1-9:80", "tls:www@[::1]:443", "a@b@1.2.3.4:5"} {
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
		if n := got.Count(); n.Sign() <= 0 || n.BitLen() > 129 {
			t.Fatalf("%q: %v hosts", text, n)
		}
		again, err := target.Parse(got.Addr.String())
		if err != nil || again.Addr != got.Addr {
			t.Fatalf("%q: %v does not parse back: %v, %v", text, got.Addr, again.Addr, err)
		}
	})
}

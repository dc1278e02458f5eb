package target_test

import (
	"strings"
	"testing"

	"nettool/internal/exit"
	"nettool/internal/probe/target"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pattern, yes, no string }{
		{"db:5432", "db:5432 tls:db:5432 tcp4:DB.:5432", "db:5433 db2:5432 udp:db:5432 x.db:5432 db@192.0.2.1:5432 127.0.0.1:5432 icmp:db"},
		{"db:22,80-82", "db:22 db:81 db:ssh", "db:83"},
		{"192.0.2.0/28:22", "192.0.2.0:22 192.0.2.15:22 web@192.0.2.3:22 tls:192.0.2.1:22", "192.0.2.16:22 192.0.2.1:23 web:22 [2001:db8::1]:22"},
		{"192.0.2.7-9:*", "192.0.2.7:1 192.0.2.9:65535", "192.0.2.10:1 icmp:192.0.2.8"},
		{"[2001:db8::/64]:443", "[2001:db8::1]:443", "[2001:db8:1::]:443"},
		{"*.example.com:443", "www.example.com:443 a.b.Example.Com:443 tls:www.example.com.:443", "example.com:443 wwwexample.com:443 www.example.com.evil:443 www.example.com@192.0.2.1:443"},
		{"*:443", "a:443 192.0.2.1:443 [::1]:443 a@192.0.2.1:443", "a:80 udp:a:443 unix:/a"},
		{"udp:*:53", "udp:a:53 udp4:192.0.2.1:53", "a:53 udp:a:54"},
		{"db:*", "db:1 db:65535", "db2:1"},
		{"icmp:*", "icmp:a icmp:192.0.2.1", "a:1"},
		{"icmp:192.0.2.0/30", "icmp:192.0.2.3", "icmp:192.0.2.4 192.0.2.1:1"},
		{"unix:/run/x", "unix:/run/x /run/x", "unix:/run/y unix:/run/x* a:1"},
		{"_ldap._tcp.example.com", "_ldap._tcp.example.com tls:_LDAP._tcp.example.com", "ldap.example.com:389 _kdc._tcp.example.com"},
		{"7000", "7000 localhost:7000", "127.0.0.1:7000 7001"},
		{"www@192.0.2.1:80", "192.0.2.1:80 www@192.0.2.1:80 other@192.0.2.1:80", "www:80 www@192.0.2.2:80"},
	} {
		p, err := target.ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		for _, is := range []struct {
			list string
			want bool
		}{{tt.yes, true}, {tt.no, false}} {
			for text := range strings.FieldsSeq(is.list) {
				a, err := target.Parse(text)
				if err != nil {
					t.Errorf("%q: %v", text, err)
				} else if got := p.Allows(a.Addr); got != is.want {
					t.Errorf("%q allows %q: %v", tt.pattern, text, got)
				}
			}
		}
	}
}

func TestPatternErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "*", "a*b:80", "*.*:80", "**:80", "*.192.0.2.1:80", "db:80*", "http://*/", "*.:80", "icmp:*:80", "tls:unix:*", "*.a@192.0.2.1:80"} {
		if _, err := target.ParsePattern(text); err == nil || exit.Of(err) != exit.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"*:443", "*.example.com:1-9", "icmp:*", "unix:/a*", "192.0.2.0/24:*", "tls:*.a:*"} {
		f.Add(s, "www.example.com:443")
	}
	f.Fuzz(func(_ *testing.T, pattern, text string) {
		p, err := target.ParsePattern(pattern)
		a, failed := target.Parse(text)
		if err == nil && failed == nil {
			p.Allows(a.Addr)
		}
	})
}

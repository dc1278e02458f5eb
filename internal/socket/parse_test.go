package socket

import (
	"strings"
	"testing"

	"nettool/internal/exit"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Addr{
		"example.org:443":          {Network: "tcp", Host: "example.org", Port: "443"},
		"localhost:http":           {Network: "tcp", Host: "localhost", Port: "http"},
		"192.0.2.1:0080":           {Network: "tcp", Host: "192.0.2.1", Port: "80"},
		"[::1]:7000":               {Network: "tcp", Host: "::1", Port: "7000"},
		"[fe80::1%eth0]:22":        {Network: "tcp", Host: "fe80::1%eth0", Port: "22"},
		"[2001:DB8:0::1]:22":       {Network: "tcp", Host: "2001:db8::1", Port: "22"},
		"[::ffff:192.0.2.1]:22":    {Network: "tcp", Host: "192.0.2.1", Port: "22"},
		"7000":                     {Network: "tcp", Loopback: true, Port: "7000"},
		"0":                        {Network: "tcp", Loopback: true, Port: "0"},
		":7000":                    {Network: "tcp", Port: "7000"},
		"*:7000":                   {Network: "tcp", Port: "7000"},
		"tcp:7000":                 {Network: "tcp", Loopback: true, Port: "7000"},
		"tcp:tcp:80":               {Network: "tcp", Host: "tcp", Port: "80"},
		"tcp4:7000":                {Network: "tcp4", Loopback: true, Port: "7000"},
		"tcp4::7000":               {Network: "tcp4", Port: "7000"},
		"tcp6:[::1]:7000":          {Network: "tcp6", Host: "::1", Port: "7000"},
		"udp:localhost:53":         {Network: "udp", Host: "localhost", Port: "53"},
		"udp4:127.0.0.1:53":        {Network: "udp4", Host: "127.0.0.1", Port: "53"},
		"udp6:[::1]:domain":        {Network: "udp6", Host: "::1", Port: "domain"},
		"tls:example.org:443":      {Network: "tcp", TLS: true, Host: "example.org", Port: "443"},
		"tls:fd:3":                 {Network: "fd", TLS: true, FD: 3},
		"tls:systemd":              {Network: "systemd", TLS: true},
		"tls:systemd:web":          {Network: "systemd", TLS: true, Name: "web"},
		"tls:443":                  {Network: "tcp", TLS: true, Loopback: true, Port: "443"},
		"tls:tcp6:example.org:443": {Network: "tcp6", TLS: true, Host: "example.org", Port: "443"},
		"/run/x.sock":              {Network: "unix", Path: "/run/x.sock"},
		"./x.sock":                 {Network: "unix", Path: "./x.sock"},
		"../x:y":                   {Network: "unix", Path: "../x:y"},
		"unix:x.sock":              {Network: "unix", Path: "x.sock"},
		"unix:@name":               {Network: "unix", Path: "@name"},
		"unixgram:/dev/log":        {Network: "unixgram", Path: "/dev/log"},
		"fd:3":                     {Network: "fd", FD: 3},
		"systemd":                  {Network: "systemd"},
		"systemd:web":              {Network: "systemd", Name: "web"},
		"bücher.example:80":        {Network: "tcp", Host: "bücher.example", Port: "80"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := Parse(text)
			if err != nil || got != want {
				t.Fatalf("got %+v, %v, want %+v", got, err, want)
			}
			again, err := Parse(got.String())
			if err != nil || again != want {
				t.Fatalf("%q parses to %+v, %v, want %+v", got, again, err, want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                  `address "": is empty; the form is HOST:PORT`,
		"foo:bar:baz":       `address "foo:bar:baz": too many colons; an IPv6 address needs brackets, as in [::1]:7000`,
		"::1":               `address "::1": too many colons; an IPv6 address needs brackets, as in [::1]:7000`,
		"localhost":         `address "localhost": the port is missing; the form is HOST:PORT`,
		"localhost:":        `address "localhost:": the port is missing; the form is HOST:PORT`,
		"[::1]":             `address "[::1]": the port is missing; the form is [::1]:7000`,
		"[::1]:":            `address "[::1]:": the port is missing; the form is HOST:PORT`,
		"[::1":              `address "[::1": "]" is missing; the form is [::1]:7000`,
		"[::1]7000":         `address "[::1]7000": after "]" comes "7000"; the form is [::1]:7000`,
		"[localhost]:80":    `address "[localhost]:80": brackets are for IPv6 addresses, and "localhost" is not one`,
		"[::g]:80":          `address "[::g]:80": "::g" is not an IPv6 address`,
		"300.0.0.1:80":      `address "300.0.0.1:80": "300.0.0.1" is not an IPv4 address`,
		"x:65536":           `address "x:65536": port 65536 is out of range, 0 to 65535`,
		"99999999999999999": `address "99999999999999999": port 99999999999999999 is out of range, 0 to 65535`,
		"x:-1":              `address "x:-1": port "-1" is neither a number nor a service name`,
		"x:ht tp":           `address "x:ht tp": port "ht tp" is neither a number nor a service name`,
		"x:22,80":           `address "x:22,80": "22,80" names several ports, which only probe takes`,
		"a b:80":            `address "a b:80": the host name "a b" holds ' '`,
		"http://x:80":       `address "http://x:80": is a URL; the form is HOST:PORT`,
		"tcp4:[::1]:80":     `address "tcp4:[::1]:80": ::1 is not an address for tcp4`,
		"tcp6:127.0.0.1:80": `address "tcp6:127.0.0.1:80": 127.0.0.1 is not an address for tcp6`,
		"unix:":             `address "unix:": the path is missing; the form is unix:/path or unix:@name`,
		"unix:@":            `address "unix:@": the path is missing; the form is unix:/path or unix:@name`,
		"fd:":               `address "fd:": "" is not a descriptor number; the form is fd:3`,
		"fd:-1":             `address "fd:-1": "-1" is not a descriptor number; the form is fd:3`,
		"systemd:":          `address "systemd:": "" is not a socket name; the form is systemd or systemd:NAME`,
		"tls:fd:x":          `address "tls:fd:x": "x" is not a descriptor number; the form is fd:3`,
		"tls:systemd:":      `address "tls:systemd:": "" is not a socket name; the form is systemd or systemd:NAME`,
		"tls:unix:/x":       `address "tls:unix:/x": TLS works over TCP only; the form is tls:HOST:PORT`,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := Parse(text)
			if err == nil {
				t.Fatalf("parsed as %+v", got)
			}
			if err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if code := exit.Of(err); code != exit.Usage {
				t.Errorf("code %d, want %d", code, exit.Usage)
			}
		})
	}
}

func TestParseLongPath(t *testing.T) {
	fits := "/" + strings.Repeat("x", maxPath-1)
	if _, err := Parse(fits); err != nil {
		t.Error(err)
	}
	if _, err := Parse(fits + "x"); err == nil {
		t.Error("a path that does not fit was accepted")
	}
}

func TestParseHostPort(t *testing.T) {
	for _, c := range []struct{ host, port, want string }{
		{"localhost", "80", "localhost:80"},
		{"::1", "80", "[::1]:80"},
		{"[::1]", "80", "[::1]:80"},
		{"fe80::1%lo", "80", "[fe80::1%lo]:80"},
		{"127.0.0.1", "http", "127.0.0.1:http"},
		{"tcp", "80", "tcp:tcp:80"},
		{"systemd", "80", "tcp:systemd:80"},
		{"*", "80", ":80"},
	} {
		a, err := ParseHostPort(c.host, c.port)
		if err != nil || a.String() != c.want {
			t.Errorf("%s %s: got %q, %v, want %q", c.host, c.port, a, err, c.want)
		}
	}
	_, err := ParseHostPort("foo:bar", "80")
	if want := `address "foo:bar 80": "foo:bar" is not an IPv6 address`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestUnmarshalText(t *testing.T) {
	a := Addr{Network: "fd", FD: 9}
	if err := a.UnmarshalText([]byte("x:y:z")); err == nil || a.FD != 9 {
		t.Errorf("after an error the address is %+v", a)
	}
	if err := a.UnmarshalText([]byte(":80")); err != nil || a != (Addr{Network: "tcp", Port: "80"}) {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestStream(t *testing.T) {
	for text, want := range map[string]bool{":1": true, "/x": true, "udp:x:1": false, "unixgram:/x": false, "fd:3": false} {
		if a, err := Parse(text); err != nil || a.Stream() != want {
			t.Errorf("%s: got %v, %v", text, a.Stream(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"localhost:80", "[::1]:80", "[fe80::1%eth0]:80", "7000", ":7", "*:7", "tcp:tcp:1", "tls:tcp4:x:1", "tls:unix:1",
		"unix:@x", "./x", "fd:3", "systemd:x", "udp6:[::1]:1", "unixgram:/x", "foo:bar:baz", "[::ffff:1.2.3.4]:1", "x:22,80",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			if exit.Of(err) != exit.Usage || !strings.HasPrefix(err.Error(), "address ") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := Parse(a.String()); err != nil || again != a {
			t.Fatalf("%q is %+v, its text %q is %+v, %v", text, a, a.String(), again, err)
		}
	})
}

func FuzzParseHostPort(f *testing.F) {
	f.Add("localhost", "80")
	f.Add("[::1]", "http")
	f.Add("tls", "0")
	f.Fuzz(func(t *testing.T, host, port string) {
		a, err := ParseHostPort(host, port)
		if err != nil {
			return
		}
		if again, err := Parse(a.String()); err != nil || again != a {
			t.Fatalf("%q %q is %+v, its text %q is %+v, %v", host, port, a, a.String(), again, err)
		}
	})
}

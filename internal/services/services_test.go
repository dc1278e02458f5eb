package services

import "testing"

const sample = `# comment
tcpmux		1/tcp		# TCP port service multiplexer
echo 7/tcp
echo 7/udp

domain 53/tcp
http		80/tcp		www www-http	# WorldWideWeb HTTP
broken 99999/tcp
noport /tcp
noproto 12
https 443/tcp`

func TestTable(t *testing.T) {
	t.Parallel()
	table := Table(sample)
	for _, c := range []struct {
		name, transport string
		port            uint16
	}{
		{"http", "tcp", 80},
		{"www", "tcp", 80},
		{"www-http", "tcp", 80},
		{"https", "tcp", 443},
		{"echo", "udp", 7},
		{"HTTP", "tcp", 0},
		{"http", "udp", 0},
		{"WorldWideWeb", "tcp", 0},
		{"broken", "tcp", 0},
		{"noport", "tcp", 0},
		{"", "tcp", 0},
	} {
		if port, ok := table.Port(c.name, c.transport); port != c.port || ok != (c.port != 0) {
			t.Errorf("%s/%s: %d, %v", c.name, c.transport, port, ok)
		}
	}
	if name, ok := table.Name(80, "tcp"); name != "http" || !ok {
		t.Errorf("80/tcp: %q, %v", name, ok)
	}
	if name, ok := table.Name(53, "udp"); ok {
		t.Errorf("53/udp: %q", name)
	}
}

// FuzzTable: whatever a file says, each name that is found is found again by its port.
func FuzzTable(f *testing.F) {
	f.Add(sample, "http")
	f.Add("x\t1/tcp y", "y")
	f.Fuzz(func(t *testing.T, text, name string) {
		port, ok := Table(text).Port(name, "tcp")
		if _, named := Table(text).Name(port, "tcp"); ok && !named {
			t.Errorf("%q: %q is port %d, which has no name", text, name, port)
		}
	})
}

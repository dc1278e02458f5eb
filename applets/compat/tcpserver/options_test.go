package tcpserver

import (
	"context"
	"strings"
	"testing"
)

// FuzzParse: a command line is options, or an error, whatever it is.
func FuzzParse(f *testing.F) {
	f.Add("-1vRHl0 127.0.0.1 0 cat")
	f.Add("-c 99999999999999999999 -t 9999999999999 -u -1 [1.2.3 0x7 -")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parse(strings.Split(line, " "), func(string) string { return "1" })
		if o == nil || err == nil && len(o.program) == 0 {
			t.Fatalf("%q: %+v, %v", line, o, err)
		}
		if err == nil && o.timeout < 0 {
			t.Fatalf("%q: a time of %v", line, o.timeout)
		}
	})
}

func TestDotted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1.2.3.4": "1.2.3.4", "[1.2.3.4]": "1.2.3.4", "127.000.000.001": "127.0.0.1", "1.2.3.260": "1.2.3.4",
		"": "", "1.2.3": "", "1.2.3.4.5": "", "[1.2.3.4": "", "1..3.4": "", "1.2.3.x": "", "a.b.c.d": "",
	} {
		ip, ok := dotted(text)
		if got := ip.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s, %v; want %q", text, got, ok, want)
		}
	}
}

func TestPort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"0": 0, "7000": 7000, "007": 7, "65536": 0, "73313": 7777, "http": 80, "": -1, "7x": -1, "-1": -1} {
		got, err := (&options{portName: text}).port(context.Background())
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("port %q is %d, %v; want %d", text, got, err, want)
		}
	}
}

package nc

import (
	"math"
	"slices"
	"strings"
	"testing"

	"nettool/internal/services"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want int64
		err  error
	}{
		{"5", 5, nil},
		{" 5", 5, nil},
		{"+5", 5, nil},
		{"007", 7, nil},
		{"0", 0, errTooSmall},
		{"-1", 0, errTooSmall},
		{"-99999999999999999999", 0, errTooSmall},
		{"11", 0, errTooLarge},
		{"99999999999999999999", 0, errTooLarge},
		{"", 0, errInvalid},
		{"5x", 0, errInvalid},
		{"x", 0, errInvalid},
		{"5 ", 0, errInvalid},
		{"0x5", 0, errInvalid},
		{"1_0", 0, errInvalid},
	} {
		if got, err := number(test.text, 1, 10); got != test.want || err != test.err {
			t.Errorf("%q: %d, %v; want %d, %v", test.text, got, err, test.want, test.err)
		}
	}
}

func TestTOS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"lowdelay": 0x10, "lowcost": 2, "critical": 0xa0, "cs0": 0, "cs7": 0xe0, "af11": 0x28, "af43": 0x98, "ef": 0xb8,
		"0": 0, "255": 255, "0xff": 255, "0XA0": 160, "08": 8, "256": -1, "-1": -1, "0x100": -1, "": -1, "0x": -1, "af14": -1, "cs8": -1, "EF": -1,
	} {
		got, ok := tos(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %#x, %v; want %#x", text, got, ok, want)
		}
	}
}

func TestExpandOne(t *testing.T) {
	t.Parallel()
	names := services.Table("http 80/tcp www\niscsi-target 3260/tcp\n")
	for word, want := range map[string]string{
		"80": "80", "http": "80", "www": "80", "iscsi-target": "3260", "1-3": "1 2 3", "3-1": "1 2 3", "65535": "65535",
		"0": "port number too small: 0", "65536": "port number too large: 65536", "1-x": "port number invalid: x", "x-1": "port number invalid: x-1",
		"70000-70001": "port number too large: 70001", "": "port number invalid: ", "1-": "port number invalid: ", "HTTP": "port number invalid: HTTP",
	} {
		list, err := expandOne(word, names, "tcp")
		got := strings.Join(list, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// FuzzParse: a command line is taken, in values that are within their bounds, or refused
// in one line.
func FuzzParse(f *testing.F) {
	for _, line := range []string{"-zvw 3 host 1-3 http", "-lk -p 0 -s ::1", "-luU -W 2 /x", "-X5 -x [::1]:9 host 80", "-T af11 -M 3 -m 2 -I 1 -O 2 -i 1 -q 0 host 1", "-h", "-y", "-w", "-UZ a b", "-- -1"} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\x00")
		if slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") && strings.Contains(arg, "S") }) {
			return // asks at the terminal
		}
		parsed, err := parse(args)
		switch {
		case err != nil && err.Error() == "":
			t.Fatalf("%q: an error that says nothing", args)
		case err != nil || parsed.help:
			return
		}
		if parsed.tos > 255 || parsed.ttl > 255 || parsed.minTTL > 255 || parsed.minTTL < 0 || parsed.rcvbuf < 0 || parsed.timeout > longestSeconds*1e9 || parsed.quit > math.MaxInt32*1e9 {
			t.Fatalf("%q: %+v", args, parsed)
		}
		if !parsed.listen && !parsed.unix && (len(parsed.ports) == 0 || parsed.hosts != 1) {
			t.Fatalf("%q: nowhere to connect to", args)
		}
	})
}

package cli

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	const def = 7 * time.Second
	for _, test := range []struct {
		text string
		or   time.Duration
	}{
		{"500ms", 500 * time.Millisecond},
		{"2s", 2 * time.Second},
		{"5m", 5 * time.Minute},
		{"1h30m", 90 * time.Minute},
		{"1.5s", 1500 * time.Millisecond},
		{"1ns", 1},
		{"+1s", time.Second},
		{"9223372036854775807ns", math.MaxInt64},
		{"0", 0},
		{"off", 0},
		{"0s", 0},
		{"-0s", 0},
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(test.text)); err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if got := d.Or(def); got != test.or {
			t.Errorf("%q: %v, want %v", test.text, got, test.or)
		}
	}
	if got := Duration(0).Or(def); got != def {
		t.Errorf("not given: %v", got)
	}
	for _, text := range []string{"", "5", "5 s", "s", "-1s", "-5", "OFF", "1d", "1s2", "NaN", "1e3s", "9223372036854775808ns", "0x10s"} {
		d := Duration(42)
		err := d.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) {
			t.Errorf("%q: error %v, want one that quotes it", text, err)
		}
		if d != 42 {
			t.Errorf("%q: an error and a value", text)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"500ms", "off", "0", "-1s", "1h2m3.5s", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d Duration
		if d.UnmarshalText([]byte(s)) != nil {
			if d != 0 {
				t.Errorf("%q: an error and %v", s, d)
			}
			return
		}
		if d == 0 {
			t.Errorf("%q: looks as if it was not given", s)
		}
		if d > 0 {
			var again Duration
			if err := again.UnmarshalText([]byte(time.Duration(d).String())); err != nil || again != d {
				t.Errorf("%q: %v is read as %v, %v", s, time.Duration(d), again, err)
			}
		}
		if d < 0 && d.Or(time.Second) != 0 {
			t.Errorf("%q: off is %v", s, d.Or(time.Second))
		}
	})
}

func TestCount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"1": 1, "2147483647": math.MaxInt32, "0": -5, "off": -5, "00": -5, "007": 7} {
		var n Count
		if err := n.UnmarshalText([]byte(text)); err != nil || n.Or(9, -5) != want {
			t.Errorf("%q: %d, %v; want %d", text, n.Or(9, -5), err, want)
		}
	}
	if n := Count(0).Or(9, -5); n != 9 {
		t.Errorf("not given: %d", n)
	}
	for _, text := range []string{"", "-1", "+1", "1k", "OFF", "1.5", "2147483648", "99999999999999999999", " 1"} {
		n := Count(42)
		if err := n.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) || n != 42 {
			t.Errorf("%q: %d, %v; want an error that quotes it, and no value", text, n, err)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want Size
	}{
		{"0", 0},
		{"off", 0},
		{"4096", 4096},
		{"64k", 65536},
		{"64K", 65536},
		{"10M", 10 << 20},
		{"10m", 10 << 20},
		{"3G", 3 << 30},
		{"3g", 3 << 30},
		{"0G", 0},
		{"64 k", 65536},
		{"4611686018427387904", 1 << 62},
		{"4294967296G", 1 << 62},
	} {
		var z Size
		if err := z.UnmarshalText([]byte(test.text)); err != nil || z != test.want {
			t.Errorf("%q: %d, %v; want %d", test.text, z, err, test.want)
		}
	}
	for _, text := range []string{
		"", "k", "G", "-1", "-1k", "1T", "64kb", "1.5M", "0x10", "1_000", "kk", "1kk", "ten",
		"4611686018427387905", "4294967297G", "9223372036854775807k", "9223372036854775808",
	} {
		z := Size(42)
		err := z.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) {
			t.Errorf("%q: error %v, want one that quotes it", text, err)
		}
		if z != 42 {
			t.Errorf("%q: an error and a value", text)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"64k", "10M", "4294967296G", "-1", "9223372036854775807", "k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		z := Size(-1)
		if err := z.UnmarshalText([]byte(s)); err != nil {
			if z != -1 {
				t.Errorf("%q: an error and %d", s, z)
			}
			return
		}
		if z < 0 || z > 1<<62 {
			t.Fatalf("%q: %d", s, z)
		}
		var again Size
		if err := again.UnmarshalText([]byte(strconv.FormatInt(int64(z), 10))); err != nil || again != z {
			t.Errorf("%q: %d is read as %d, %v", s, z, again, err)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, before, rest []string }{
		{nil, nil, nil},
		{[]string{"a", "b"}, []string{"a", "b"}, nil},
		{[]string{"a", "--", "b", "c"}, []string{"a"}, []string{"b", "c"}},
		{[]string{"--"}, []string{}, []string{}},
		{[]string{"a", "--"}, []string{"a"}, []string{}},
		{[]string{"--", "--", "-x"}, []string{}, []string{"--", "-x"}},
		{[]string{"-", "---", "--x"}, []string{"-", "---", "--x"}, nil},
	} {
		before, rest := Split(test.args)
		if !slices.Equal(before, test.before) || !slices.Equal(rest, test.rest) || (rest == nil) != (test.rest == nil) {
			t.Errorf("%q: %q and %#v", test.args, before, rest)
		}
	}
	args := []string{"a", "--", "b"}
	before, _ := Split(args)
	_ = append(before, "x")
	if args[1] != "--" {
		t.Error("an append to what comes before overwrote the command line")
	}
}

package admit

import (
	"testing"
	"time"
)

func TestLimitText(t *testing.T) {
	for text, want := range map[string]Limit{
		"10/s": {10, time.Second}, "10/1s": {10, time.Second}, "100/m": {100, time.Minute}, "1/500ms": {1, 500 * time.Millisecond},
		"5/1h30m": {5, 90 * time.Minute}, "off": {}, "0": {}, "1073741824/s": {1 << 30, time.Second},
	} {
		var got, again Limit
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%s: its text %q is %v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"10":           `rate "10": the form is N/DURATION, as in 10/s or 100/1m`,
		"x/s":          `rate "x/s": "x" is not a number of connections, 1 or more`,
		"0/s":          `rate "0/s": "0" is not a number of connections, 1 or more`,
		"1073741825/s": `rate "1073741825/s": "1073741825" is not a number of connections, 1 or more`,
		"-1/s":         `rate "-1/s": "-1" is not a number of connections, 1 or more`,
		"10/":          `rate "10/": "" is not a duration, as in s, 1m or 500ms`,
		"10/0s":        `rate "10/0s": "0s" is not a duration, as in s, 1m or 500ms`,
		"10/fun":       `rate "10/fun": "fun" is not a duration, as in s, 1m or 500ms`,
	} {
		var l Limit
		if err := l.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestSourcePrefixText(t *testing.T) {
	var p SourcePrefix
	if p.String() != "32,64" {
		t.Errorf("the default is %s", p)
	}
	if err := p.UnmarshalText([]byte("24,48")); err != nil || p != (SourcePrefix{24, 48}) || p.String() != "24,48" {
		t.Errorf("got %+v, %v", p, err)
	}
	for text, want := range map[string]string{
		"24":     `source prefix "24": the form is V4,V6, as in 32,64`,
		"a,b":    `source prefix "a,b": the form is V4,V6, as in 32,64`,
		"33,64":  `source prefix "33,64": 33 is out of range for IPv4, 1 to 32`,
		"32,0":   `source prefix "32,0": 0 is out of range for IPv6, 1 to 128`,
		"32,129": `source prefix "32,129": 129 is out of range for IPv6, 1 to 128`,
	} {
		if err := p.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzLimit(f *testing.F) {
	f.Add("10/s")
	f.Add("1/1h0.5s")
	f.Fuzz(func(t *testing.T, text string) {
		var l, again Limit
		if l.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(l.String())); err != nil || again != l {
			t.Fatalf("%q is %+v, its text %q is %+v, %v", text, l, l.String(), again, err)
		}
	})
}

package tcprules

import (
	"slices"
	"testing"
)

// TestDecode has what tcprulescheck says of records that tcprules did not write.
func TestDecode(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]Rule{
		"":                  {},
		"D\x00":             {Deny: true},
		"Dx\x00":            {Deny: true},
		"+A=b\x00":          {Env: []string{"A=b"}},
		"+A=b\x00D\x00":     {Deny: true, Env: []string{"A=b"}},
		"D\x00+A=b\x00":     {Deny: true},
		"D\x00junk":         {Deny: true},
		"Q\x00\x00+A=b\x00": {Env: []string{"A=b"}},
		"+A\x00+\x00":       {Env: []string{"A", ""}},
	} {
		got, err := Decode([]byte(value))
		if err != nil || got.Deny != want.Deny || !slices.Equal(got.Env, want.Env) {
			t.Errorf("%q: got %+v, %v, want %+v", value, got, err, want)
		}
	}
	for _, value := range []string{"D", "+A=b", "+A=b\x00D"} {
		if _, err := Decode([]byte(value)); err == nil {
			t.Errorf("%q: no error", value)
		}
	}
}

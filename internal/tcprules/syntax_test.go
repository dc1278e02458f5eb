package tcprules

import (
	"slices"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"1.2.3.4":                "1.2.3.4",
		"1.2.3.4-7":              "1.2.3.4 1.2.3.5 1.2.3.6 1.2.3.7",
		"10.2-3.":                "10.2. 10.3.",
		"1.2-3.4-5.":             "1.2.4-5. 1.3.4-5.",
		"1.2.3.04-005":           "1.2.3.4 1.2.3.5",
		"1.2.3.254-300":          "1.2.3.254 1.2.3.255",
		"1.2.3.7-4":              "none",
		"1.2.3.256-257":          "none",
		"1.-1.":                  "1.0. 1.1.",
		"-":                      "0",
		"x.3-4.y":                "x.3.y x.4.y",
		"a@3-4":                  "a@3-4",
		"=ho-st":                 "=ho-st",
		"9-18446744073709551626": "9 10",
		"1-2-3":                  "error",
		"a-b":                    "error",
		"1.2.3-4x":               "error",
		"1.2.+3-4":               "error",
	} {
		all, err := Addresses(text)
		got := strings.Join(all, " ")
		switch {
		case err != nil:
			got = "error"
		case len(all) == 0:
			got = "none"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if all, _ := Addresses("-99999999999"); len(all) != 256 {
		t.Errorf("%d octets", len(all))
	}
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"allow":                   "allow",
		"deny":                    "deny",
		`allow,A="x",B=/y"/,C=||`: `allow A=x B=y" C=`,
		`deny,A="x"`:              "deny A=x",
		"allow,=//":               "allow =",
		"allow,,A=x1x":            "allow ,A=1",
		"allow,A===":              "allow A=",
		"":                        `"" is neither allow nor deny`,
		"allowed":                 `"allowed" is neither allow nor deny`,
		"Allow":                   `"Allow" is neither allow nor deny`,
		"allow,":                  `"" is not a variable; the form is NAME="VALUE"`,
		"allow,A":                 `"A" is not a variable; the form is NAME="VALUE"`,
		"allow,A=":                `"A=" is not a variable; the form is NAME="VALUE"`,
		"allow,A=x":               `the value of A has no closing "x"`,
		"allow,A=xyx ":            `after the value of A comes " ", not a comma`,
		"allow,BAD=xyx":           `"BAD=xyx" is not a variable; the form is NAME="VALUE"`,
	} {
		rule, err := ParseRule(text, func(name string) bool { return name != "BAD" })
		got := "allow"
		if rule.Deny {
			got = "deny"
		}
		got = strings.Join(append([]string{got}, rule.Env...), " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzSyntax: what is read can be written again, and is few addresses.
func FuzzSyntax(f *testing.F) {
	f.Add("1.2.3.4-7", `allow,A="x",B=/y/`)
	f.Add("-", "deny")
	f.Fuzz(func(t *testing.T, address, instructions string) {
		all, err := Addresses(address)
		if len(all) > 256 || err != nil && all != nil {
			t.Fatalf("%q: %d addresses, %v", address, len(all), err)
		}
		rule, err := ParseRule(instructions, nil)
		if err != nil || strings.ContainsRune(instructions, 0) {
			return
		}
		decoded, err := Decode(rule.Append(nil))
		if rule.Deny {
			rule.Env = nil
		}
		if err != nil || decoded.Deny != rule.Deny || !slices.Equal(decoded.Env, rule.Env) {
			t.Fatalf("%q: wrote %+v, read %+v, %v", instructions, rule, decoded, err)
		}
	})
}

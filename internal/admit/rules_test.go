package admit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nettool/internal/exit"
)

func mustRules(t *testing.T, text string) *Rules {
	t.Helper()
	r, err := ParseRules(strings.NewReader(text), "rules", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func blocks(t *testing.T, text string) []CIDR {
	t.Helper()
	var all []CIDR
	for word := range strings.FieldsSeq(text) {
		var c CIDR
		if err := c.UnmarshalText([]byte(word)); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// verdict is "deny", "allow" or "allow" with the environment.
func verdict(r *Rules, address string) string {
	allowed, env := r.Lookup(netip.MustParseAddr(address))
	if !allowed {
		return "deny"
	}
	return strings.Join(append([]string{"allow"}, env...), " ")
}

func checkVerdicts(t *testing.T, name string, r *Rules, wanted string) {
	t.Helper()
	for line := range strings.Lines(wanted) {
		address, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		if address == "" {
			continue
		}
		if got := verdict(r, address); got != want {
			t.Errorf("%s: %s: got %s, want %s", name, address, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ allow, deny, wanted string }{
		{"", "", "192.0.2.1 allow\n ::1 allow"},
		{"10.0.0.0/8", "", "10.1.2.3 allow\n 11.0.0.0 deny\n 9.255.255.255 deny\n ::1 deny\n ::ffff:10.0.0.1 allow"},
		{"", "10.0.0.0/8", "10.0.0.0 deny\n 10.255.255.255 deny\n 11.0.0.0 allow\n ::1 allow"},
		{"10.0.0.0/8", "10.1.0.0/16", "10.0.0.1 allow\n 10.1.2.3 deny\n 10.2.0.0 allow\n 1.1.1.1 deny"},
		{"10.1.0.0/16", "10.0.0.0/8", "10.0.0.1 deny\n 10.1.2.3 allow\n 10.2.0.0 deny\n 1.1.1.1 deny"},
		{"10.0.0.0/8", "10.0.0.0/8", "10.0.0.1 deny"},
		{"192.0.2.7", "0.0.0.0/0", "192.0.2.7 allow\n 192.0.2.6 deny\n 192.0.2.8 deny\n ::1 deny"},
		{"0.0.0.0/0", "", "192.0.2.7 allow\n 255.255.255.255 allow\n ::1 deny"},
		{"::/0", "2001:db8::/32 2001:db8:1::/48", "::1 allow\n ffff::1 allow\n 2001:db8::1 deny\n 2001:db9:: allow\n 10.0.0.1 deny"},
		{"2001:db8::1", "2001:db8::/32", "2001:db8::1 allow\n 2001:db8::2 deny\n 2001:db8:: deny\n fe80::1%eth0 deny"},
		{"::ffff:10.0.0.0/104", "", "10.1.2.3 allow\n 11.1.2.3 deny"},
		{"255.255.255.255 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", "255.255.255.255 allow\n 255.255.255.254 deny\n ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff allow\n :: deny"},
	} {
		r := NewRules(blocks(t, c.allow), blocks(t, c.deny))
		checkVerdicts(t, fmt.Sprintf("--allow %q --deny %q", c.allow, c.deny), r, c.wanted)
	}
	if allowed, _ := NewRules(blocks(t, "10.0.0.0/8"), nil).Lookup(netip.Addr{}); !allowed {
		t.Error("a peer without an address was denied")
	}
}

func TestRulesFile(t *testing.T) {
	for name, c := range map[string]struct{ file, wanted string }{
		"empty":    {"", "1.1.1.1 allow\n ::1 allow"},
		"comments": {"# one\n\n  \n#two\n:deny\n", "1.1.1.1 deny\n ::1 deny"},
		"spaces":   {"10.:deny \t\r\n", "10.1.1.1 deny"},
		"prefix":   {"10.1.:allow,ROLE=\"staff\"\n:deny", "10.1.2.3 allow ROLE=staff\n 10.11.0.1 deny\n 10.0.0.1 deny"},
		"range":    {"192.0.2.1-7:deny", "192.0.2.0 allow\n 192.0.2.1 deny\n 192.0.2.7 deny\n 192.0.2.8 allow"},
		"ranges":   {"10.2-3.:deny\n9.1-2.3.4:deny", "10.1.0.0 allow\n 10.2.0.0 deny\n 10.3.255.255 deny\n 10.4.0.0 allow\n 9.2.3.4 deny\n 9.2.3.5 allow"},
		"blocks":   {"10.0.0.0/9:deny\n[2001:db8::/32]:deny\n[::1]:deny", "10.127.0.1 deny\n 10.128.0.1 allow\n 2001:db8:1::1 deny\n ::1 deny\n ::2 allow"},
		"mapped":   {"[::ffff:192.0.2.1]:deny\n[::ffff:10.0.0.0/104]:deny", "192.0.2.1 deny\n 10.5.5.5 deny\n ::1 allow"},
		"first":    {"10.:allow,A=\"1\"\n10.:deny\n:deny\n:allow", "10.1.1.1 allow A=1\n 1.1.1.1 deny"},
		"longest":  {":deny\n10.:allow\n10.1.:deny\n10.1.2.:allow\n10.1.2.3:deny", "9.0.0.1 deny\n 10.2.0.1 allow\n 10.1.3.1 deny\n 10.1.2.4 allow\n 10.1.2.3 deny\n 10.1.2.255 allow\n 10.1.255.255 deny\n 10.2.0.0 allow\n 11.0.0.0 deny"},
		"env":      {`10.:allow,A="",B=/x"y,z/,C=|:|` + "\n11.:deny,A=\"x\"", `10.1.1.1 allow A= B=x"y,z C=:` + "\n 11.1.1.1 deny"},
		"value":    {`10.:allow,A=":deny"`, "10.1.1.1 allow A=:deny"},
	} {
		checkVerdicts(t, name, mustRules(t, c.file), c.wanted)
	}
}

func TestRulesFileAndFlags(t *testing.T) {
	file := "10.1.:allow,ROLE=\"staff\"\n10.2.:deny\n10.3.0.0/16:allow\n"
	r, err := ParseRules(strings.NewReader(file), "f", blocks(t, "10.0.0.0/8 10.1.0.0/16 10.2.0.0/16"), blocks(t, "10.3.0.0/16"))
	if err != nil {
		t.Fatal(err)
	}
	checkVerdicts(t, "both", r, "10.1.1.1 allow ROLE=staff\n 10.2.1.1 deny\n 10.3.1.1 deny\n 10.4.1.1 allow\n 11.1.1.1 deny")
	r, err = ParseRules(strings.NewReader(":allow"), "f", blocks(t, "10.0.0.0/8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkVerdicts(t, "a rule for all others", r, "10.1.1.1 allow\n 11.1.1.1 allow")
}

func TestRulesFileErrors(t *testing.T) {
	for line, want := range map[string]string{
		"10.1.2.3":                 "there is no colon; the form is ADDRESS:allow or ADDRESS:deny",
		"=host.example:deny":       `"=host.example" needs DNS, which is not asked here`,
		"=:deny":                   `"=" needs DNS, which is not asked here`,
		"joe@10.0.0.1:deny":        `"joe@10.0.0.1" needs ident, which is not asked here`,
		"10.1:deny":                `"10.1" is neither an IPv4 address nor a prefix of one with its final dot (10.1.)`,
		"10.1.2.3.:deny":           `"10.1.2.3." is not an IPv4 address`,
		"10.1.2.3.4:deny":          `"10.1.2.3.4" is not an IPv4 address`,
		"10.256.:deny":             `"10.256.": "256" is not a number from 0 to 255`,
		"10.01.:deny":              `"10.01.": "01" is not a number from 0 to 255`,
		"10..:deny":                `"10..": "" is not a number from 0 to 255`,
		"10.7-3.:deny":             `"10.7-3.": the range 7-3 goes backwards`,
		"10.1-2.3-4.:deny":         `"10.1-2.3-4." has more than one range`,
		"10.0.0.0/33:deny":         `"10.0.0.0/33" is not a block of addresses, as in 10.0.0.0/8 or 2001:db8::/32`,
		"10.1.0.0/8:deny":          `"10.1.0.0/8" has bits beyond its length; the block is 10.0.0.0/8`,
		"2001:db8::/32:deny":       "an IPv6 address needs brackets, as in [2001:db8::/32]:deny",
		"::1:allow":                "an IPv6 address needs brackets, as in [2001:db8::/32]:deny",
		"[2001:db8::/32:deny":      `"]:" is missing; the form is [2001:db8::/32]:deny`,
		"[2001:db8::]/32:deny":     `"]:" is missing; the form is [2001:db8::/32]:deny`,
		"[10.0.0.1]:deny":          `brackets are for IPv6, and "10.0.0.1" is not IPv6`,
		"[fe80::1%eth0]:deny":      `"fe80::1%eth0" is not a block of addresses, as in 10.0.0.0/8 or 2001:db8::/32`,
		"[::ffff:0.0.0.0/90]:deny": `"::ffff:0.0.0.0/90" is wider than the IPv4-mapped addresses; write the IPv4 block`,
		"10.:":                     `"" is neither allow nor deny`,
		"10.:allowed":              `"allowed" is neither allow nor deny`,
		"10.:allow,":               `"" is not a variable; the form is NAME="VALUE"`,
		"10.:allow,A":              `"A" is not a variable; the form is NAME="VALUE"`,
		"10.:allow,=x":             `"=x" is not a variable; the form is NAME="VALUE"`,
		`10.:allow,,A="x"`:         `",A=\"x\"" is not a variable; the form is NAME="VALUE"`,
		`10.:allow,A="x`:           `the value of A has no closing "\""`,
		`10.:allow,A="x"B="y"`:     `after the value of A comes "B=\"y\"", not a comma`,
		"10.:allow,A=\"\x00\"":     `the value of A holds a zero byte`,
	} {
		_, err := ParseRules(strings.NewReader("# comment\n\n"+line+"\n"), "/etc/rules", nil, nil)
		want = `rules "/etc/rules" line 3: ` + want
		if err == nil || err.Error() != want || exit.Of(err) != exit.Usage {
			t.Errorf("%q:\ngot  %v\nwant %s", line, err, want)
		}
	}
}

func TestRulesFileWithALongLine(t *testing.T) {
	long := "10.:deny\n#" + strings.Repeat("x", maxRuleLine)
	_, err := ParseRules(strings.NewReader(long), "f", nil, nil)
	if want := `rules "f" line 2: is longer than 65536 bytes`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoadRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules")
	_, err := LoadRules(path, nil, nil)
	if !errors.Is(err, fs.ErrNotExist) || exit.Of(err) != exit.Local {
		t.Errorf("no file: %v (code %d)", err, exit.Of(err))
	}
	if err := os.WriteFile(path, []byte("10.:deny"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := LoadRules(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkVerdicts(t, "file", r, "10.1.1.1 deny")
}

// TestLookupAgainstScan compares the table with a scan over all the prefixes.
func TestLookupAgainstScan(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		byPrefix := map[netip.Prefix]*rule{}
		for range random.IntN(40) {
			p := netip.PrefixFrom(randomAddr(random), random.IntN(33)).Masked()
			byPrefix[p] = &rule{}
		}
		table := tableOf(byPrefix)
		for range 200 {
			ip := randomAddr(random)
			if got, want := table.lookup(pointOf(ip)), scan(byPrefix, ip); got != want {
				t.Fatalf("%v: got %p, want %p of %v", ip, got, want, byPrefix)
			}
		}
	}
}

// randomAddr is one of few, so that blocks meet.
func randomAddr(random *rand.Rand) netip.Addr {
	octets := []byte{0, 1, 2, 127, 128, 254, 255}
	var a [4]byte
	for i := range a {
		a[i] = octets[random.IntN(len(octets))]
	}
	return netip.AddrFrom4(a)
}

func scan(byPrefix map[netip.Prefix]*rule, ip netip.Addr) *rule {
	best := -1
	var found *rule
	for p, r := range byPrefix {
		if p.Contains(ip) && p.Bits() > best {
			best, found = p.Bits(), r
		}
	}
	return found
}

// TestAgainstTcprules asks the real tcprules what a file means.
func TestAgainstTcprules(t *testing.T) {
	for _, tool := range []string{"tcprules", "tcprulescheck"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs " + tool)
		}
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 5 {
		file := randomFile(random)
		r := mustRules(t, file)
		cdb := compile(t, file)
		for range 20 {
			address := randomAddr(random).String()
			if got, want := verdict(r, address), ask(t, cdb, address); got != want {
				t.Fatalf("%s: got %s, want %s of\n%s", address, got, want, file)
			}
		}
	}
}

func randomFile(random *rand.Rand) string {
	var b strings.Builder
	for i := range 30 {
		octets := strings.Split(randomAddr(random).String(), ".")
		n := random.IntN(5)
		address := strings.Join(octets[:n], ".")
		if n > 0 && random.IntN(3) == 0 {
			octets[n-1] = fmt.Sprintf("%d-%d", random.IntN(3), 3+random.IntN(200))
			address = strings.Join(octets[:n], ".")
		}
		if n > 0 && n < 4 {
			address += "."
		}
		instructions := fmt.Sprintf(`allow,LINE="%d",MORE=/%d"/`, i, i)
		if random.IntN(2) == 0 {
			instructions = "deny"
		}
		fmt.Fprintf(&b, "%s:%s\n", address, instructions)
	}
	return b.String()
}

func compile(t *testing.T, file string) (cdb string) {
	t.Helper()
	cdb = filepath.Join(t.TempDir(), "cdb")
	cmd := exec.Command("tcprules", cdb, cdb+".tmp")
	cmd.Stdin = strings.NewReader(file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return cdb
}

// ask returns the verdict of tcprulescheck in our words.
func ask(t *testing.T, cdb, address string) string {
	t.Helper()
	cmd := exec.Command("tcprulescheck", cdb)
	cmd.Env = []string{"TCPREMOTEIP=" + address}
	out, _ := cmd.CombinedOutput() // exits 100 for deny
	words := []string{"allow"}
	for line := range strings.Lines(string(out)) {
		if variable, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "set environment variable "); ok {
			words = append(words, variable)
		}
	}
	switch {
	case bytes.Contains(out, []byte("deny connection")):
		return "deny"
	case !bytes.Contains(out, []byte("allow connection")):
		t.Fatalf("tcprulescheck says %q", out)
	}
	return strings.Join(words, " ")
}

func FuzzParseRules(f *testing.F) {
	for _, seed := range []string{
		"", ":allow", "10.1.:allow,ROLE=\"staff\"", "192.0.2.1-7:deny", "10.0.0.0/8:deny", "[2001:db8::/32]:deny", "[::1]:allow,A=/x/",
		"=host:deny", "a@b:deny", "# x\n\n10.:deny\n10.:allow", "255.255.255.255:deny\n[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:deny",
	} {
		f.Add(seed, "10.1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, address string) {
		r, err := ParseRules(strings.NewReader(text), "f", nil, nil)
		if err != nil {
			if exit.Of(err) != exit.Usage || !strings.HasPrefix(err.Error(), `rules "f" line `) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return
		}
		allowed, env := r.Lookup(ip)
		if mapped, same := r.Lookup(netip.AddrFrom16(ip.As16())); mapped != allowed || len(same) != len(env) {
			t.Fatalf("%q: %v mapped is another address", text, ip)
		}
		for _, variable := range env {
			if strings.IndexByte(variable, '=') < 1 || strings.ContainsRune(variable, 0) {
				t.Fatalf("%q: environment %q", text, env)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 100, 10_000, 65_000} {
		r := NewRules(nil, manyBlocks(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Lookup(netip.AddrFrom4([4]byte{172, byte(i >> 8), byte(i), 1}))
			}
		})
	}
}

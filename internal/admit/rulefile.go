package admit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/tcprules"
)

// maxRuleLine is the longest line of a rules file, in bytes.
const maxRuleLine = 64 << 10

// NewRules makes the rules of --allow and --deny: the longest prefix decides, deny
// on a tie, and any allow makes deny what none of them names. It returns nil, which
// admits everybody, if there are none.
func NewRules(allow, deny []CIDR) *Rules {
	if len(allow)+len(deny) == 0 {
		return nil
	}
	return fromFlags(allow, deny).build()
}

func fromFlags(allow, deny []CIDR) *builder {
	b := newBuilder()
	b.anyAllow = len(allow) > 0
	for _, c := range allow {
		b.add(c.Prefix, &rule{allow: true})
	}
	for _, c := range deny {
		b.add(c.Prefix, &rule{})
	}
	return b
}

// LoadRules reads a rules file and adds what --allow and --deny say. A file that
// cannot be read is exit.Local; one with a bad line is exit.Usage and the error
// names file and line.
func LoadRules(path string, allow, deny []CIDR) (*Rules, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	defer f.Close()
	return ParseRules(f, path, allow, deny)
}

// ParseRules is LoadRules for rules from anywhere; name is what errors call them.
//
// A line is ADDRESS:INSTRUCTIONS, empty, or a comment that starts with #. The syntax is
// that of tcprules(1), with blocks and IPv6 added:
//
//	192.0.2.1:deny              one address
//	10.1.:allow,ROLE="staff"    a prefix; any character can quote a value
//	192.0.2.1-7:deny            a range in one part of an address or prefix
//	10.0.0.0/8:deny             a block
//	[2001:db8::/32]:deny        IPv6, address or block, always in brackets
//	:allow                      every other address
//
// The longest prefix decides, wherever its line is; of two lines for the same
// prefix the first counts. Addresses that no line names are let in, as with
// tcpserver(1), unless there is an --allow.
func ParseRules(r io.Reader, name string, allow, deny []CIDR) (*Rules, error) {
	b := fromFlags(allow, deny)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRuleLine)
	number := 0
	for lines.Scan() {
		number++
		if err := b.addLine(strings.TrimSpace(lines.Text())); err != nil {
			return nil, exit.Errorf(exit.Usage, "rules %q line %d: %w", name, number, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, exit.Errorf(exit.Usage, "rules %q line %d: is longer than %d bytes", name, number+1, maxRuleLine)
	} else if err != nil {
		return nil, exit.Errorf(exit.Local, "read rules %q: %w", name, err)
	}
	return b.build(), nil
}

func (b *builder) addLine(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	prefixes, instructions, err := splitLine(line)
	if err != nil {
		return err
	}
	r, err := parseInstructions(instructions)
	if err != nil {
		return err
	}
	if prefixes == nil && b.fallback == nil {
		b.fallback = r
	}
	for _, p := range prefixes {
		b.add(p, r)
	}
	return nil
}

// splitLine returns what the address of a line stands for, nothing if it is empty,
// and the instructions.
func splitLine(line string) ([]netip.Prefix, string, error) {
	if strings.HasPrefix(line, "[") {
		return splitBracketed(line)
	}
	address, instructions, found := strings.Cut(line, ":")
	switch {
	case !found:
		return nil, "", errors.New("there is no colon; the form is ADDRESS:allow or ADDRESS:deny")
	case strings.Contains(address, "@"):
		return nil, "", fmt.Errorf("%q needs ident, which is not asked here", address)
	case strings.HasPrefix(address, "="):
		return nil, "", fmt.Errorf("%q needs DNS, which is not asked here", address)
	case looksIPv6(line):
		return nil, "", errors.New("an IPv6 address needs brackets, as in [2001:db8::/32]:deny")
	case address == "":
		return nil, instructions, nil
	}
	prefixes, err := parseIPv4(address)
	return prefixes, instructions, err
}

// looksIPv6 tells whether the line has a colon before its instructions.
func looksIPv6(line string) bool {
	for _, verb := range []string{":allow", ":deny"} {
		if before, _, found := strings.Cut(line, verb); found && strings.Contains(before, ":") && !strings.Contains(before, ",") {
			return true
		}
	}
	return false
}

func splitBracketed(line string) ([]netip.Prefix, string, error) {
	address, instructions, found := strings.Cut(line[1:], "]:")
	if !found {
		return nil, "", errors.New(`"]:" is missing; the form is [2001:db8::/32]:deny`)
	}
	if !strings.Contains(address, ":") {
		return nil, "", fmt.Errorf("brackets are for IPv6, and %q is not IPv6", address)
	}
	p, err := parseCIDR(address)
	return []netip.Prefix{p}, instructions, err
}

func parseIPv4(address string) ([]netip.Prefix, error) {
	if strings.Contains(address, "/") {
		p, err := parseCIDR(address)
		return []netip.Prefix{p}, err
	}
	return parseDotted(address)
}

// parseInstructions reads allow or deny and the variables that follow. It is stricter
// than tcprules(1) about what can be in the environment of a program.
func parseInstructions(text string) (*rule, error) {
	parsed, err := tcprules.ParseRule(text, isName)
	if err != nil {
		return nil, err
	}
	for _, variable := range parsed.Env {
		if name, value, _ := strings.Cut(variable, "="); strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("the value of %s holds a zero byte", name)
		}
	}
	return &rule{fromFile: true, allow: !parsed.Deny, env: parsed.Env}, nil
}

func isName(name string) bool { return name != "" && !strings.ContainsAny(name, ",\"\x00") }

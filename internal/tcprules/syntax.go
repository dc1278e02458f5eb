// Package tcprules has the rules of tcprules(1): the text that people write, the
// database that it becomes, and the order in which a peer's rule is looked for.
package tcprules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Rule is what to do with a peer.
type Rule struct {
	Deny bool
	Env  []string // NAME=VALUE, for the program that serves the peer
}

// ParseRule reads the instructions of a line, which follow its colon: allow or deny,
// and variables as in NAME="VALUE", where any character can be the quote. named says
// which names may be; nil allows all that end at the first "=", as tcprules(1) does.
func ParseRule(text string, named func(name string) bool) (Rule, error) {
	verb, rest, more := strings.Cut(text, ",")
	if verb != "allow" && verb != "deny" {
		return Rule{}, fmt.Errorf("%q is neither allow nor deny", verb)
	}
	rule := Rule{Deny: verb == "deny"}
	for more {
		var variable string
		var err error
		if variable, rest, more, err = cutVariable(rest, named); err != nil {
			return Rule{}, err
		}
		rule.Env = append(rule.Env, variable)
	}
	return rule, nil
}

// cutVariable reads the first variable of text. more tells whether a comma follows it.
func cutVariable(text string, named func(name string) bool) (variable, rest string, more bool, err error) {
	name, quoted, found := strings.Cut(text, "=")
	if !found || quoted == "" || named != nil && !named(name) {
		return "", "", false, fmt.Errorf(`%q is not a variable; the form is NAME="VALUE"`, text)
	}
	value, rest, closed := strings.Cut(quoted[1:], quoted[:1])
	if !closed {
		return "", "", false, fmt.Errorf("the value of %s has no closing %q", name, quoted[:1])
	}
	after, more := strings.CutPrefix(rest, ",")
	if rest != "" && !more {
		return "", "", false, fmt.Errorf("after the value of %s comes %q, not a comma", name, rest)
	}
	return name + "=" + value, after, more, nil
}

var errRange = errors.New("a range is two numbers with a dash between, and begins and ends at a dot or at the end")

// Addresses returns what the address of a line stands for: itself or, if one of its parts
// is a range as in 1.2.3.4-7 or 10.2-3., an address for each number of it that an octet
// can be, which may be none. An address with "=" or "@" has no ranges.
func Addresses(text string) ([]string, error) {
	before, after, found := strings.Cut(text, "-")
	if !found || strings.ContainsAny(text, "=@") {
		return []string{text}, nil
	}
	start := strings.LastIndexByte(before, '.') + 1
	end := strings.IndexByte(after, '.')
	if end < 0 {
		end = len(after)
	}
	low, lowOK := number(before[start:])
	high, highOK := number(after[:end])
	if !lowOK || !highOK {
		return nil, errRange
	}
	var all []string
	for n := low; n <= min(high, 255); n++ {
		all = append(all, before[:start]+strconv.FormatUint(n, 10)+after[end:])
	}
	return all, nil
}

// number reads digits, none of which are zero. Like tcprules(1) it lets a number of more
// than 64 bits overflow.
func number(digits string) (n uint64, ok bool) {
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(digits[i]-'0')
	}
	return n, true
}

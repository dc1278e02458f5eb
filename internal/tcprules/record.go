package tcprules

import (
	"bytes"
	"errors"
)

// A record of the database has the address of a rule for its key. Its value is a row of
// strings, each ended by a zero byte: "D" denies, and ends the row; "+NAME=VALUE" is a
// variable; others mean nothing yet.

var errRecord = errors.New("a record has an instruction without an end")

// Append appends the value of a rule's record. The rule has no zero bytes where what is
// read should be what was written.
func (r Rule) Append(value []byte) []byte {
	if r.Deny {
		value = append(value, "D\x00"...)
	}
	for _, variable := range r.Env {
		value = append(value, '+')
		value = append(value, variable...)
		value = append(value, 0)
	}
	return value
}

// Decode reads the value of a record. A variable without "=" is possible. A rule that
// denies has the variables before the "D", which tcprules(1) writes none of.
func Decode(value []byte) (Rule, error) {
	var rule Rule
	for len(value) > 0 {
		instruction, rest, whole := bytes.Cut(value, []byte{0})
		if !whole {
			return Rule{}, errRecord // what was cut could have been a "D"
		}
		value = rest
		switch {
		case len(instruction) == 0:
		case instruction[0] == 'D':
			rule.Deny = true
			return rule, nil
		case instruction[0] == '+':
			rule.Env = append(rule.Env, string(instruction[1:]))
		}
	}
	return rule, nil
}

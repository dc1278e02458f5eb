// Package getopt reads the options of command lines that are older than
// nettool's own, as getopt(3) does: one letter each, several in a word, a value
// in the same word or in the next.
package getopt

import "fmt"

// Option is one option of a command line.
type Option struct {
	Letter byte
	Value  string // of an option that takes one
}

// Unknown is the error for a letter that is no option.
type Unknown byte

// Error says so in getopt(3)'s words.
func (u Unknown) Error() string { return fmt.Sprintf("invalid option -- '%c'", byte(u)) }

// Missing is the error for an option at the end whose value is missing.
type Missing byte

// Error says so in getopt(3)'s words.
func (m Missing) Error() string { return fmt.Sprintf("option requires an argument -- '%c'", byte(m)) }

// Spec says which options there are.
type Spec struct {
	Letters string // each followed by ":" if it takes a value
	Mixed   bool   // options may stand behind arguments, as GNU's getopt has it; otherwise the first argument ends them
}

// Parse divides args, which have no argv[0]. A "--" ends the options and is dropped; a "-"
// alone is an argument. After an error, Unknown or Missing, options holds what came before.
func (s Spec) Parse(args []string) (options []Option, rest []string, err error) {
	for len(args) > 0 {
		word := args[0]
		switch {
		case word == "--":
			return options, append(rest, args[1:]...), nil
		case len(word) > 1 && word[0] == '-':
			if options, args, err = s.word(options, word[1:], args[1:]); err != nil {
				return options, append(rest, args...), err
			}
		case s.Mixed:
			rest, args = append(rest, word), args[1:]
		default:
			return options, append(rest, args...), nil
		}
	}
	return options, rest, nil
}

// word reads the letters of one word. args are the words after it.
func (s Spec) word(options []Option, letters string, args []string) ([]Option, []string, error) {
	for i := range len(letters) {
		letter := letters[i]
		known, valued := s.has(letter)
		switch {
		case !known:
			return options, args, Unknown(letter)
		case !valued:
			options = append(options, Option{Letter: letter})
		case i+1 < len(letters):
			return append(options, Option{letter, letters[i+1:]}), args, nil
		case len(args) == 0:
			return options, args, Missing(letter)
		default:
			return append(options, Option{letter, args[0]}), args[1:], nil
		}
	}
	return options, args, nil
}

func (s Spec) has(letter byte) (known, valued bool) {
	for i := range len(s.Letters) {
		if s.Letters[i] == letter && letter != ':' {
			return true, i+1 < len(s.Letters) && s.Letters[i+1] == ':'
		}
	}
	return false, false
}

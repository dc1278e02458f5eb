package attempt

import (
	"fmt"
	"strconv"
	"strings"
)

// Unescape reads the escapes of text to be sent: \r \n \t \0 \\ and \xNN. Every
// other backslash is an error, so that a typo is not sent as it stands.
func Unescape(text string) ([]byte, error) {
	var out []byte
	for {
		before, after, found := strings.Cut(text, `\`)
		out = append(out, before...)
		if !found {
			return out, nil
		}
		b, rest, err := escape(after)
		if err != nil {
			return nil, err
		}
		out, text = append(out, b), rest
	}
}

// escape reads what follows a backslash.
func escape(text string) (b byte, rest string, err error) {
	if text == "" {
		return 0, "", fmt.Errorf(`the text ends in a single \; write \\ for one`)
	}
	rest = text[1:]
	switch text[0] {
	case 'r':
		return '\r', rest, nil
	case 'n':
		return '\n', rest, nil
	case 't':
		return '\t', rest, nil
	case '0':
		return 0, rest, nil
	case '\\':
		return '\\', rest, nil
	case 'x':
		if len(rest) >= 2 {
			if n, err := strconv.ParseUint(rest[:2], 16, 8); err == nil {
				return byte(n), rest[2:], nil
			}
		}
		return 0, "", fmt.Errorf(`\x wants two hexadecimal digits`)
	}
	return 0, "", fmt.Errorf(`unknown escape \%c; there are \r \n \t \0 \\ \xNN`, text[0])
}

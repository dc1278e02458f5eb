package nc

import (
	"errors"
	"strconv"
	"strings"
)

// What can be wrong with a number, in strtonum(3)'s words.
var (
	errInvalid  = errors.New("invalid")
	errTooSmall = errors.New("too small")
	errTooLarge = errors.New("too large")
)

// number reads a decimal number between low and high, as strtonum(3) does: blanks and a
// sign may stand before it.
func number(text string, low, high int64) (int64, error) {
	digits := strings.TrimLeft(text, " \t\n\v\f\r")
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, errInvalid
	case n < low:
		return 0, errTooSmall
	case n > high || err != nil:
		return 0, errTooLarge
	}
	return n, nil
}

// tos reads a value of -T: a keyword of RFC 791 or of RFC 2474, or a byte in decimal or
// hexadecimal.
func tos(text string) (value int, ok bool) {
	if value, ok = tosByName(text); ok {
		return value, true
	}
	base, digits := 10, text
	if rest, hex := strings.CutPrefix(strings.ToLower(text), "0x"); hex {
		base, digits = 16, rest
	}
	n, err := strconv.ParseUint(digits, base, 8)
	return int(n), err == nil
}

func tosByName(name string) (value int, ok bool) {
	switch name {
	case "critical":
		return 0xa0, true
	case "inetcontrol":
		return 0xc0, true
	case "netcontrol":
		return 0xe0, true
	case "lowcost":
		return 0x02, true
	case "reliability":
		return 0x04, true
	case "throughput":
		return 0x08, true
	case "lowdelay":
		return 0x10, true
	case "ef":
		return 46 << 2, true
	}
	return dscpByName(name)
}

// dscpByName reads cs0 to cs7 and af11 to af43 (RFC 2597: class and drop precedence).
func dscpByName(name string) (value int, ok bool) {
	if len(name) == 3 && name[:2] == "cs" && '0' <= name[2] && name[2] <= '7' {
		return int(name[2]-'0') << 5, true
	}
	if len(name) == 4 && name[:2] == "af" && '1' <= name[2] && name[2] <= '4' && '1' <= name[3] && name[3] <= '3' {
		return int(name[2]-'0')<<5 | int(name[3]-'0')<<3, true
	}
	return 0, false
}

package target

import (
	"fmt"
	"strings"
	"unicode"
)

// asciiHost returns a name as resolvers and certificates have it: labels that are not
// ASCII in lower case and in Punycode (RFC 5891, RFC 3492). Addresses stay as they are.
func asciiHost(host string) (string, error) {
	if strings.IndexFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) < 0 || strings.Contains(host, ":") {
		return host, nil
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		ascii, err := asciiLabel(label)
		if err != nil {
			return "", err
		}
		labels[i] = ascii
	}
	return strings.Join(labels, "."), nil
}

// longestLabel is how many bytes a label may have (RFC 1035, section 2.3.4).
const longestLabel = 63

func asciiLabel(label string) (string, error) {
	runes, plain := []rune(strings.ToLower(label)), true
	for i, r := range runes {
		plain = plain && r <= unicode.MaxASCII
		if i > 0 && r >= 0x300 && r < 0x370 && runes[i-1] <= unicode.MaxASCII {
			return "", fmt.Errorf("in the name, %q is followed by an accent; write them as one character", runes[i-1])
		}
	}
	if plain {
		return label, nil
	}
	ascii := "xn--" + punycode(runes)
	if len(ascii) > longestLabel {
		return "", fmt.Errorf("the part %q of the name is too long", label)
	}
	return ascii, nil
}

// punycode encodes a label (RFC 3492, section 6.3), with the parameters of section 5. The
// label is no longer than a command line, so that nothing overflows.
func punycode(label []rune) string {
	const first, initialBias = 128, 72
	var out []byte
	for _, r := range label {
		if r < first {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	next, delta, bias := rune(first), 0, initialBias
	for done := basic; done < len(label); {
		lowest := rune(unicode.MaxRune)
		for _, r := range label {
			if r >= next {
				lowest = min(lowest, r)
			}
		}
		delta += int(lowest-next) * (done + 1)
		next = lowest
		for _, r := range label {
			switch {
			case r < next:
				delta++
			case r == next:
				out = appendDelta(out, delta, bias)
				bias = adapt(delta, done+1, done == basic)
				delta = 0
				done++
			}
		}
		delta++
		next++
	}
	return string(out)
}

// The parameters of Punycode's numbers.
const (
	base = 36
	tmin = 1
	tmax = 26
)

// appendDelta appends a number of variable length, its lowest digit first.
func appendDelta(out []byte, delta, bias int) []byte {
	for k := base; ; k += base {
		t := min(max(k-bias, tmin), tmax)
		if delta < t {
			return append(out, digit(delta))
		}
		out = append(out, digit(t+(delta-t)%(base-t)))
		delta = (delta - t) / (base - t)
	}
}

func digit(n int) byte {
	if n < 26 {
		return byte('a' + n)
	}
	return byte('0' + n - 26)
}

// adapt is the bias for the next number (RFC 3492, section 6.1).
func adapt(delta, points int, isFirst bool) int {
	const skew, damp = 38, 700
	if isFirst {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (base-tmin)*tmax/2; k += base {
		delta /= base - tmin
	}
	return k + (base-tmin+1)*delta/(delta+skew)
}

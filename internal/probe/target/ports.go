package target

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// ParsePorts reads a list of ports and ranges, such as 22,80,8000-8100 or
// ssh,http. The ranges come back sorted and without overlap.
func ParsePorts(text string) ([]Range, error) {
	var ranges []Range
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRange(part)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return merged(ranges), nil
}

func parseRange(part string) (Range, error) {
	first, last, isRange := strings.Cut(part, "-")
	if !isRange || !digits(first) || !digits(last) {
		p, err := parsePort(part)
		return Range{p, p}, err
	}
	from, err := parsePort(first)
	if err != nil {
		return Range{}, err
	}
	to, err := parsePort(last)
	if err != nil {
		return Range{}, err
	}
	if from > to {
		return Range{}, fmt.Errorf("ports %q: the range runs backwards; the form is %d-%d", part, to, from)
	}
	return Range{from, to}, nil
}

func parsePort(text string) (uint16, error) {
	if text == "" {
		return 0, fmt.Errorf("a port is missing; the form is HOST:22,80,8000-8100")
	}
	if !digits(text) {
		return parseService(text)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("port %s is out of range, 1 to 65535", text)
	}
	return uint16(n), nil
}

func parseService(name string) (uint16, error) {
	n, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", name)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("port %q is neither a number nor a known service", name)
	}
	return uint16(n), nil
}

// digits reports whether text is decimal digits, at least one.
func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// isList reports whether text names several ports. A service name with a hyphen
// is one port.
func isList(text string) bool {
	if strings.Contains(text, ",") {
		return true
	}
	first, _, isRange := strings.Cut(text, "-")
	return isRange && digits(first)
}

func merged(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		last := &out[len(out)-1]
		if int(r.First) > int(last.Last)+1 {
			out = append(out, r)
		} else {
			last.Last = max(last.Last, r.Last)
		}
	}
	return out
}

// Contains reports whether port is in one of the ranges.
func Contains(ranges []Range, port uint16) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.First <= port && port <= r.Last })
}

package nc

import (
	"fmt"
	"strconv"
	"strings"

	"nettool/internal/services"
)

// transport is the name of the protocol in messages and in services(5).
func (f *flags) transport() string {
	if f.udp {
		return "udp"
	}
	return "tcp"
}

// expandOne makes single ports, in digits, of a number, a name, or a range in either
// direction.
func expandOne(word string, names services.Table, transport string) ([]string, error) {
	if port, ok := names.Port(word, transport); ok {
		return []string{strconv.Itoa(int(port))}, nil
	}
	first, last, ranged := strings.Cut(word, "-")
	if !ranged || word[0] < '0' || word[0] > '9' {
		n, err := portNumber(word)
		return []string{strconv.FormatInt(n, 10)}, err
	}
	high, err := portNumber(last)
	if err != nil {
		return nil, err
	}
	low, err := portNumber(first)
	if err != nil {
		return nil, err
	}
	low, high = min(low, high), max(low, high)
	var list []string
	for n := low; n <= high; n++ {
		list = append(list, strconv.FormatInt(n, 10))
	}
	return list, nil
}

// maxPort is the largest port.
const maxPort = 65535

func portNumber(text string) (int64, error) {
	n, err := number(text, 1, maxPort)
	if err != nil {
		return 0, fmt.Errorf("port number %w: %s", err, text)
	}
	return n, nil
}

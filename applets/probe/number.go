package probe

import (
	"fmt"
	"strconv"
)

// inARow is the value of --for: successes in a row. Zero is the default.
type inARow int

// UnmarshalText reads a number that is not negative.
func (n *inARow) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("%q: want a number of successes in a row, as in --for 3; for a time there is --level stay=DUR", text)
	}
	*n = inARow(v)
	return nil
}

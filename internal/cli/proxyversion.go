package cli

import "fmt"

// ProxyVersion is a flag's version of the PROXY protocol, 0 for none.
type ProxyVersion int

// UnmarshalText parses v1 or v2.
func (v *ProxyVersion) UnmarshalText(text []byte) error {
	switch string(text) {
	case "v1":
		*v = 1
	case "v2":
		*v = 2
	default:
		return fmt.Errorf("PROXY protocol %q: want v1 or v2", text)
	}
	return nil
}

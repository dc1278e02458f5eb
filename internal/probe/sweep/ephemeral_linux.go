package sweep

import (
	"os"
	"strconv"
	"strings"
)

// firstEphemeral is the first port that connections of this machine may get (ip(7),
// ip_local_port_range).
func firstEphemeral() uint16 {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if fields := strings.Fields(string(text)); err == nil && len(fields) == 2 {
		if n, err := strconv.ParseUint(fields[0], 10, 16); err == nil {
			return uint16(n)
		}
	}
	return 1024
}

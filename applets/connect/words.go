package connect

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// count is a number of bytes in words.
func count(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// brief is a duration as people say it.
func brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// peerName is the peer's address.
func peerName(conn net.Conn) string {
	a := conn.RemoteAddr()
	if a.Network() == "unix" || a.Network() == "unixgram" {
		return a.Network() + ":" + a.String()
	}
	return a.String()
}

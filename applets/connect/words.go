package connect

import (
	"net"
	"strconv"
)

// count is a number of bytes in words.
func count(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// peerName is the peer's address.
func peerName(conn net.Conn) string {
	a := conn.RemoteAddr()
	if a.Network() == "unix" || a.Network() == "unixgram" {
		return a.Network() + ":" + a.String()
	}
	return a.String()
}

package socket

import "net"

// Text is a socket's address as nettool writes and reads it.
func Text(a net.Addr) string {
	switch a.Network() {
	case "unix", "unixgram", "udp":
		return a.Network() + ":" + a.String()
	}
	return a.String()
}

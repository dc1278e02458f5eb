package socket

import "net"

// Text is a socket's address as nettool writes and reads it.
func Text(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

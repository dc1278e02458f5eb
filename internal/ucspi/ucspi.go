// Package ucspi has the environment of programs that talk over a connection: the
// variables of UCSPI-TCP, which tcpserver and tcpclient set, and those of its
// relatives for unix sockets.
package ucspi

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Without is environ without what another connection has left in it: a program
// that tcpserver has started can start one of ours.
func Without(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return isOurs(name)
	})
}

// isOurs reports whether a variable is set for each connection.
func isOurs(name string) bool {
	for _, prefix := range []string{"TCPLOCAL", "TCPREMOTE", "TCP6LOCAL", "TCP6REMOTE", "UDPLOCAL", "UDPREMOTE", "UNIXLOCAL", "UNIXREMOTE"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "PROTO" || name == "TCPCONNNUM" || name == "NETTOOL_CONN_ID" || isTLS(name)
}

// TCP are the variables of a TCP connection. IPv6 keeps PROTO=TCP, as the
// addresses tell; they have no zones.
func TCP(local, remote netip.AddrPort) []string {
	return []string{
		"PROTO=TCP",
		"TCPLOCALIP=" + text(local),
		"TCPLOCALPORT=" + strconv.Itoa(int(local.Port())),
		"TCPREMOTEIP=" + text(remote),
		"TCPREMOTEPORT=" + strconv.Itoa(int(remote.Port())),
	}
}

// TCP6 are the variables that ucspi-tcp6 has besides those of TCP, for IPv6: the same, by
// other names.
func TCP6(tcp []string) (environ []string) {
	for _, kv := range tcp {
		if rest, ok := strings.CutPrefix(kv, "TCP"); ok && !strings.HasPrefix(rest, "CONNNUM") {
			environ = append(environ, "TCP6"+rest)
		}
	}
	return environ
}

// UDP are the variables of a conversation over UDP: those of udpsvd (ipsvd), and those of
// TCP, which programs for either read.
func UDP(local, remote netip.AddrPort) []string {
	environ := TCP(local, remote)
	environ[0] = "PROTO=UDP"
	for _, kv := range environ[1:] {
		environ = append(environ, "UDP"+strings.TrimPrefix(kv, "TCP"))
	}
	return environ
}

func text(a netip.AddrPort) string { return a.Addr().Unmap().WithZone("").String() }

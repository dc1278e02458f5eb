//go:build !linux

package socket

import (
	"net"
	"net/netip"
)

// onPacket has nothing to set: what address a datagram was sent to is not told.
func onPacket(*net.UDPConn, netip.Addr) error { return nil }

// roomy leaves the receive buffer as the system has it.
func roomy(*net.UDPConn) {}

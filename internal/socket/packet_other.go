//go:build !linux

package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"nettool/internal/exit"
)

// listenUnixgram refuses.
func listenUnixgram(_ context.Context, a Addr, _ Options) (Packet, error) {
	return nil, exit.Errorf(exit.Usage, "address %q: datagrams of unix sockets are served on Linux only", a)
}

// join refuses.
func join(*net.UDPConn, netip.Addr, int) error { return errors.New("multicast is for Linux only") }

// onPacket has nothing to set: what address a datagram was sent to is not told.
func onPacket(*net.UDPConn, netip.Addr) error { return nil }

// roomy leaves the receive buffer as the system has it.
func roomy(*net.UDPConn) {}

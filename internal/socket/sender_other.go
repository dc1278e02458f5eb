//go:build !unix

package socket

import (
	"net"

	"nettool/internal/exit"
)

func noDatagrams() error {
	return exit.Errorf(exit.Usage, "listening for datagrams: not on this system")
}

// FirstSender refuses.
func FirstSender(net.PacketConn) (net.Conn, error) { return nil, noDatagrams() }

// ListenUnixPacket refuses.
func ListenUnixPacket(string) (*net.UnixConn, func() error, error) { return nil, nil, noDatagrams() }

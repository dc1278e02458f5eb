//go:build !linux

package socket

import (
	"net"

	"nettool/internal/exit"
)

func listenInherited(a Addr, _ Options) ([]net.Listener, error) {
	return nil, exit.Errorf(exit.Usage, "address %q: only Linux takes sockets from a supervisor", a)
}

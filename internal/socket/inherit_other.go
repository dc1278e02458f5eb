//go:build !linux

package socket

import (
	"errors"
	"net"

	"nettool/internal/exit"
)

func listenInherited(a Addr, _ Options) ([]net.Listener, error) {
	return nil, exit.Errorf(exit.Usage, "address %q: only Linux takes sockets from a supervisor", a)
}

// Detach takes the listening descriptor out of l; only Linux can.
func Detach(net.Listener) (fd int, remove func() error, err error) {
	return -1, nil, errors.ErrUnsupported
}

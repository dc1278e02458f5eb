package serve

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/socket"
)

// printPort prints the port, as tcpserver -1 does.
func printPort(stdout *os.File, addrs []net.Addr) error {
	for _, a := range addrs {
		if t, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
			_, err := fmt.Fprintln(stdout, t.AddrPort().Port())
			return err
		}
	}
	return errors.New("-1: there is no port, only unix sockets")
}

// readyFD is the descriptor of --ready-fd.
type readyFD struct {
	fd   int
	file *os.File // the same, or a copy of a standard one
}

// openReadyFD checks the descriptor for --ready-fd before anything is opened
// that could take its number.
func openReadyFD(fd int) (*readyFD, error) {
	file, err := takeFD(fd)
	if err != nil {
		return nil, exit.Errorf(exit.Usage, "ready-fd %d: not an open descriptor", fd)
	}
	return &readyFD{fd, file}, nil
}

// tell writes the addresses, a line each, and closes the descriptor. A nil one
// is nobody to tell.
func (r *readyFD) tell(addrs []net.Addr) error {
	if r == nil {
		return nil
	}
	var b strings.Builder
	for _, a := range addrs {
		b.WriteString(socket.Text(a) + "\n")
	}
	if _, err := r.file.WriteString(b.String()); err != nil {
		return fmt.Errorf("write ready-fd: %w", err)
	}
	if err := r.file.Close(); err != nil || r.fd > 2 {
		return err
	}
	return silence(r.fd)
}

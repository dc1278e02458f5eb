package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/server"
)

// printPort prints the port, as tcpserver -1 does.
func printPort(stdout *os.File, addrs []net.Addr) error {
	for _, a := range addrs {
		if t, ok := a.(*net.TCPAddr); ok {
			_, err := fmt.Fprintln(stdout, t.Port)
			return err
		}
	}
	return errors.New("-1: there is no port, only unix sockets")
}

// openReadyFD checks the descriptor for --ready-fd before anything is opened
// that could take its number.
func openReadyFD(fd int) (*os.File, error) {
	if fd < 0 || !isOpen(fd) {
		return nil, exit.Errorf(exit.Usage, "ready-fd %d: not an open descriptor", fd)
	}
	return os.NewFile(uintptr(fd), "ready-fd"), nil
}

// tellReady writes the addresses, a line each, and closes the descriptor. A nil
// file is nobody to tell.
func tellReady(f *os.File, addrs []net.Addr) error {
	if f == nil {
		return nil
	}
	var b strings.Builder
	for _, a := range addrs {
		b.WriteString(server.AddrText(a) + "\n")
	}
	if _, err := f.WriteString(b.String()); err != nil {
		return fmt.Errorf("write ready-fd: %w", err)
	}
	return f.Close()
}

func isNotExist(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// cause is what an exec.Error wraps: its own text repeats the name.
func cause(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	return err
}

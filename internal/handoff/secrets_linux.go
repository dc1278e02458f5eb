package handoff

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Sealed is memory that children are given to read, and nobody can change: longer
// than a message may be. The zero value is none.
type Sealed struct {
	fd   int
	size int
}

// mostSecrets bounds what a child reads, in bytes.
const mostSecrets = 16 << 20

// Seal puts a text into memory for children. The caller closes it.
func Seal(text []byte) (Sealed, error) {
	fd, err := unix.MemfdCreate("nettool-tls", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return Sealed{}, fmt.Errorf("make memory for TLS keys: %w", err)
	}
	_, err = unix.Write(fd, text)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return Sealed{}, fmt.Errorf("make memory for TLS keys: %w", err)
	}
	return Sealed{fd, len(text)}, nil
}

// Close closes our descriptor. Children that were given the memory have it still.
func (s *Sealed) Close() {
	if s.size > 0 {
		unix.Close(s.fd)
		*s = Sealed{}
	}
}

// unseal reads, and closes, what came with a message.
func unseal(m *Secrets, fds []int) ([]byte, error) {
	defer closeAll(fds)
	if len(fds) != 1 || m.Size < 0 || m.Size > mostSecrets {
		return nil, fmt.Errorf("handoff message about %d bytes of TLS keys with %d descriptors", m.Size, len(fds))
	}
	text := make([]byte, m.Size)
	n, err := unix.Pread(fds[0], text, 0)
	if err != nil || n != len(text) {
		return nil, fmt.Errorf("read TLS keys: %d of %d bytes, %v", n, m.Size, err)
	}
	return text, nil
}

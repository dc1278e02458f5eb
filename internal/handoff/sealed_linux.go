package handoff

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Sealed is a text for children that does not fit into a message. None of them can
// change it.
type Sealed struct{ fd int }

// Seal puts a text into memory that children can be given. The caller closes it.
func Seal(text []byte) (*Sealed, error) {
	fd, err := unix.MemfdCreate("nettool-text", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("seal a text for children: %w", err)
	}
	for rest := text; err == nil && len(rest) > 0; {
		var n int
		n, err = unix.Write(fd, rest)
		rest = rest[max(n, 0):]
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("seal a text for children: %w", err)
	}
	return &Sealed{fd}, nil
}

// Close closes our descriptor, if there is one. Children that were given the text
// have it still.
func (s *Sealed) Close() {
	if s != nil {
		unix.Close(s.fd)
	}
}

// unseal reads the text behind a descriptor. All readers share its position, which is
// not used therefore.
func unseal(fd int) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	text := make([]byte, st.Size)
	for n := 0; n < len(text); {
		got, err := unix.Pread(fd, text[n:], int64(n))
		if err == nil && got == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != unix.EINTR {
			return nil, os.NewSyscallError("pread", err)
		}
		n += max(got, 0)
	}
	return text, nil
}

package handoff

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Attachment is a text for children that does not fit into a message. None of them
// can change it.
type Attachment struct{ fd int }

// Attach makes an attachment. It lives as long as the process.
func Attach(text []byte) (*Attachment, error) {
	fd, err := unix.MemfdCreate("nettool-text", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("attach to a child: %w", err)
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
		return nil, fmt.Errorf("attach to a child: %w", err)
	}
	return &Attachment{fd}, nil
}

// text reads an attachment. All readers share the descriptor's position, so it does
// not use it.
func (a *Attachment) text() ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(a.fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	text := make([]byte, st.Size)
	for n := 0; n < len(text); {
		got, err := unix.Pread(a.fd, text[n:], int64(n))
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

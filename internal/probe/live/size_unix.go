//go:build unix

package live

import (
	"os"

	"golang.org/x/sys/unix"
)

// size is the terminal's, or what terminals used to be.
func size(f *os.File) (columns, rows int) {
	columns, rows = 80, 24
	raw, err := f.SyscallConn()
	if err != nil {
		return columns, rows
	}
	raw.Control(func(fd uintptr) {
		if w, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil && w.Col > 0 && w.Row > 0 {
			columns, rows = int(w.Col), int(w.Row)
		}
	})
	return columns, rows
}

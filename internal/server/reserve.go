package server

import (
	"errors"
	"os"
	"syscall"
)

// reserve is a descriptor that is given up when there are no more, so that a
// server that does not let clients wait can still accept and close.
type reserve struct{ file *os.File }

func newReserve() reserve {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return reserve{}
	}
	return reserve{f}
}

func (r *reserve) close() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// spent reports whether err is the lack of descriptors.
func spent(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

package serve

import (
	"errors"
	"os"
)

// takeFD fails: descriptors are not passed by number here.
func takeFD(int) (*os.File, error) { return nil, errors.ErrUnsupported }

func inherited(int) bool { return false }

func silence(int) error { return errors.ErrUnsupported }

//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package terminal

import (
	"errors"
	"os"
)

// errUnsupported means that the system's terminals are not known.
var errUnsupported = errors.New("lines cannot be edited here")

const nonblocking = 0

// mode is not known: lines are not edited.
type mode struct{}

func modeOf(*os.File) (mode, error) { return mode{}, errUnsupported }
func (mode) set(*os.File) error     { return errUnsupported }
func (mode) restore(*os.File)       {}

func same(*os.File, *os.File) bool { return false }
func foreground(*os.File) bool     { return false }

// Background reports that no terminal belongs to others.
func Background(*os.File) bool { return false }

func watchedSignals() []os.Signal { return nil }
func (t *Terminal) watch()        {}

// Password refuses.
func Password(string) (string, error) { return "", errUnsupported }

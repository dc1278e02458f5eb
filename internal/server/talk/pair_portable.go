//go:build !linux || portable

package talk

import (
	"errors"
	"os"

	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// LinkName is the name under which a successor gets its end of a link.
const LinkName = "talks"

// Pairs reports whether conversations can be run by programs, and forwarded.
const Pairs = false

type pair struct{}

type rooms struct{}

type link struct{}

type wait struct{}

type upstream struct{ to string }

func (*Talks) open(*Talk) error {
	return errors.New("conversations are run by programs on Linux only")
}

func (*Talks) reach(*Talk, error) error          { return errors.New("datagrams are forwarded on Linux only") }
func (*Talks) arrived(*Box)                      {}
func (*Talks) returned(*run.Conn)                {}
func (*Talks) meet(func()) error                 { return nil }
func (*Talks) introduce()                        {}
func (*Talks) passed(loop.Envelope, []byte) bool { return false }
func (*Talks) closed(loop.Envelope)              {}

// HandOver refuses.
func (*Talks) HandOver() (*os.File, error) { return nil, errors.New("upgrades work on Linux only") }

// Inherit refuses.
func (*Talks) Inherit(*os.File) error { return errors.New("upgrades work on Linux only") }
func (*Talks) pass(*Talk, []byte)     {}
func (*Talks) last(*Talk)             {}
func (*Talks) shut(*Talk)             {}
func (*Talk) unread() [][]byte        { return nil }

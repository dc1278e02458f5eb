//go:build !linux

package upgrade

import (
	"errors"
	"os"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// Upgrader has nothing to hand over here: upgrades work on Linux only.
type Upgrader struct{}

var errNotHere = errors.New("upgrades work on Linux only")

// New refuses to take over from an older image.
func New(*report.Log) (*Upgrader, error) {
	if Succeeds() {
		return nil, errNotHere
	}
	return &Upgrader{}, nil
}

func (u *Upgrader) inherited(func(int) string, socket.Addr, socket.Options) ([]Listener, error) {
	return nil, nil
}

func (u *Upgrader) inheritedPackets(func(int) string, socket.Addr) ([]Packets, error) {
	return nil, nil
}

// Ready does nothing.
func (u *Upgrader) Ready() {}

// Begin refuses.
func (u *Upgrader) Begin(files Files, _ func()) error {
	files.Close()
	return errNotHere
}

// Gone is false.
func (u *Upgrader) Gone() bool { return false }

// Take knows nothing.
func (u *Upgrader) Take() (err error, known bool) { return nil, false }

// Successor is 0.
func (u *Upgrader) Successor() int { return 0 }

// Tell does nothing.
func (u *Upgrader) Tell(int) {}

// Older is nobody.
func (u *Upgrader) Older() (o Older, lives bool) { return Older{}, false }

// Stop has nothing to end.
func (u *Upgrader) Stop() (succeeded bool) { return false }

// Succeeds is false.
func (u *Upgrader) Succeeds() bool { return false }

// Leave closes a listener.
func Leave(l Listener) { l.Close() }

// AddFile refuses.
func (fs Files) AddFile(string, *os.File) error { return errNotHere }

// File is none.
func (u *Upgrader) File(string) *os.File { return nil }

// Add refuses.
func (fs Files) Add(Listener) error { return errNotHere }

func started() (older int, ok bool) { return 0, false }

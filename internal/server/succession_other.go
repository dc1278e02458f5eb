//go:build !linux

package server

import (
	"errors"
	"net"
	"os"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// heir has nothing to hand over here: upgrades work on Linux only.
type heir struct{ listenerNames, adminNames []string }

func newHeir(*report.Log) (*heir, error) {
	if Succeeds() {
		return nil, errors.New("upgrades work on Linux only")
	}
	return &heir{}, nil
}

func (h *heir) inherited(string) (*os.File, error) { return nil, nil }
func (h *heir) ready()                             {}
func (h *heir) stop() bool                         { return false }

func (h *heir) takeListener(f *os.File, _ socket.Addr, _ socket.Options) (net.Listener, error) {
	f.Close()
	return nil, errors.New("upgrades work on Linux only")
}

// upgrade refuses.
func (s *inProcess) upgrade() {
	s.cfg.Log.Error("upgrade", errors.New("works on Linux only"))
}

func handedPipes() bool { return false }

func (h *heir) succeeds() bool { return false }

func (s *inProcess) handOver() {}

package server

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/socket"
)

// upgrade starts a new image of the program, which takes over the listeners.
func (s *server) upgrade() {
	lc := &s.lifecycle
	err := errors.New("the server is not ready")
	switch {
	case s.cfg.Once:
		err = errors.New("--once serves one connection only")
	case s.cfg.heir.gone:
		err = errors.New("a successor has taken over already")
	case lc.draining:
		err = errors.New("the server is draining")
	case lc.ready:
		var files map[string]*os.File
		if files, err = s.handedOver(); err == nil {
			err = s.cfg.heir.begin(files, func() { s.loop.post(s.upgraded) })
		}
	}
	if err != nil {
		logUpgrade(s.cfg.Log, 0, 0, err)
	}
}

// handedOver are copies of all descriptors that a successor gets, by name.
func (s *server) handedOver() (map[string]*os.File, error) {
	files, err := s.cfg.desk.handedOver(s.cfg.heir)
	if err != nil {
		return nil, err
	}
	for i, l := range s.listeners {
		fd, err := unix.FcntlInt(uintptr(l.fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			closeFiles(files)
			return nil, err
		}
		files[s.cfg.heir.listenerNames[i]] = os.NewFile(uintptr(fd), "listener")
	}
	return files, nil
}

// upgraded looks how the upgrade went.
func (s *server) upgraded() {
	err, known := s.cfg.heir.take()
	switch {
	case !known:
	case err != nil:
		logUpgrade(s.cfg.Log, 0, 0, err)
	default:
		s.handOver()
	}
}

// handOver leaves the listeners, with their files, to the successor. The
// connections go on for as long as --upgrade-grace says.
func (s *server) handOver() {
	s.runner.collect()
	logUpgrade(s.cfg.Log, s.cfg.heir.successor(), len(s.conns), nil)
	s.cfg.herald.relieve(s.cfg.heir.successor())
	s.cfg.desk.relieve()
	for _, l := range s.listeners {
		l.remove = nil
	}
	lc := &s.lifecycle
	lc.draining, lc.closed = true, true
	s.closeListeners()
	s.runner.retire()
	if grace := s.cfg.UpgradeGrace; grace > 0 {
		s.loop.after(grace, s.graceOver)
	}
}

// upgrade starts a new image of the program, which takes over the listeners.
func (s *inProcess) upgrade() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch {
	case s.cfg.Once:
		err = errors.New("--once serves one connection only")
	case s.cfg.heir.gone:
		err = errors.New("a successor has taken over already")
	case s.draining || s.leaving:
		err = errors.New("the server is draining")
	default:
		var files map[string]*os.File
		if files, err = s.handedOver(); err == nil {
			err = s.cfg.heir.begin(files, s.upgraded)
		}
	}
	if err != nil {
		logUpgrade(s.cfg.Log, 0, 0, err)
	}
}

func (s *inProcess) handedOver() (map[string]*os.File, error) {
	files, err := s.cfg.desk.handedOver(s.cfg.heir)
	if err != nil {
		return nil, err
	}
	own, err := handFiles(s.listeners, s.cfg.heir.listenerNames)
	if err != nil {
		closeFiles(files)
		return nil, err
	}
	for name, f := range own {
		files[name] = f
	}
	return files, nil
}

// upgraded looks how the upgrade went.
func (s *inProcess) upgraded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	err, known := s.cfg.heir.take()
	switch {
	case !known:
	case err != nil:
		logUpgrade(s.cfg.Log, 0, 0, err)
	default:
		s.handOver()
	}
}

// handOver leaves the listeners to the successor. s.mu is held.
func (s *inProcess) handOver() {
	logUpgrade(s.cfg.Log, s.cfg.heir.successor(), len(s.live), nil)
	s.cfg.herald.relieve(s.cfg.heir.successor())
	s.cfg.desk.relieve()
	s.draining = true
	for _, l := range s.listeners {
		socket.Leave(l)
	}
	s.freed.Broadcast()
	if grace := s.cfg.UpgradeGrace; grace > 0 {
		time.AfterFunc(grace, s.closeAll)
	}
}

// handedOver are copies of the admin listeners' descriptors, by name.
func (d *desk) handedOver(h *heir) (map[string]*os.File, error) {
	if d == nil {
		return map[string]*os.File{}, nil
	}
	return handFiles(d.server.Listeners, h.adminNames)
}

// relieve leaves the admin listeners to the successor.
func (d *desk) relieve() {
	if d == nil {
		return
	}
	for _, l := range d.server.Listeners {
		socket.Leave(l)
	}
}

package server

import (
	"errors"
	"syscall"

	"nettool/internal/server/run"
	"nettool/internal/server/status"
	"nettool/internal/server/talk"
	"nettool/internal/server/upgrade"
)

// signaled handles a signal: one that ends the server, or one that asks for
// something.
func (s *Server) signaled(sig syscall.Signal) {
	s.runner.Collect()
	switch run.SignalName(sig) {
	case "SIGHUP":
		s.supervisor.Reloading()
		s.admission.reload()
		s.reloadTLS()
		s.reloadBackends()
		if r, ok := s.runner.(interface{ Renew() }); ok { // programs that wait have read what they may want to read again
			r.Renew()
		}
		s.supervisor.Reloaded()
	case "SIGUSR1":
		status.Log(s.cfg.Log, s.cfg.handlerName(), s.Table())
	case "SIGUSR2":
		s.upgrade()
	default:
		s.askToEnd(sig)
	}
}

// upgrade starts a new image of the program, which takes over the listeners.
func (s *Server) upgrade() {
	err := errors.New("the server is not ready")
	switch {
	case s.cfg.Once:
		err = errors.New("--once serves one connection only")
	case isInit():
		err = errors.New("process 1 of a container cannot hand over: its end is the container's")
	case len(s.cfg.KeepFDs) > 0:
		err = errors.New("the descriptors of --keep-fd cannot be handed on")
	case s.cfg.Datagrams.Wait:
		err = errors.New("the socket is a program's (--inetd-wait)")
	case s.deputy != nil || s.childUser.deputy != nil:
		err = errors.New("the process that starts programs cannot be handed on, and what it may do cannot be had again")
	case s.upgrader.Gone():
		err = errors.New("a successor has taken over already")
	case s.phase == draining || s.leaving:
		err = errors.New("the server is draining")
	case s.accepts():
		var files upgrade.Files
		if files, err = s.handedOver(); err == nil {
			err = s.upgrader.Begin(files, func() { s.loop.Post(s.upgraded) })
		}
	}
	if err != nil {
		upgrade.Log(s.cfg.Log, 0, 0, err)
	}
}

// handedOver are copies of all sockets that a successor gets.
func (s *Server) handedOver() (upgrade.Files, error) {
	files := upgrade.Files{}
	err := errors.Join(s.pages.HandOver(files), s.agent.HandOver(files), s.supervisor.HandOver(files), s.handOverTLS(files))
	for _, l := range s.listeners {
		if err != nil {
			break
		}
		files[l.name], err = l.File()
	}
	for _, b := range s.talks.Boxes() {
		if err == nil {
			files[b.Name], err = b.File()
		}
	}
	if err == nil && s.talks != nil {
		files[talk.LinkName], err = s.talks.HandOver()
	}
	if err != nil {
		files.Close()
		return nil, err
	}
	return files, nil
}

// upgraded looks how the upgrade went.
func (s *Server) upgraded() {
	err, known := s.upgrader.Take()
	switch {
	case !known:
	case err != nil:
		upgrade.Log(s.cfg.Log, 0, 0, err)
	default:
		s.enter(handedOver)
	}
}

// beat gives the watchdog its sign of life from the loop, so that a loop that
// hangs gives none.
func (s *Server) beat() {
	if d := s.supervisor.Watchdog; d > 0 {
		s.supervisor.Alive()
		s.loop.After(d, s.beat)
	}
}

package server

import (
	"log/slog"
	"os"
	"strings"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
	"nettool/internal/tlsserve"
)

// TLS says how addresses with tls: are served. Without certificates there are none.
type TLS struct {
	Files   tlsserve.Files
	Options handoff.TLSOptions
	User    string // NAME[:GROUP] of the children, unless it is empty
}

// any reports whether there are certificates.
func (t *TLS) any() bool { return len(t.Files.Certs) > 0 }

// tlsFile is the beginning of the name under which a file is handed on.
const tlsFile = "tls "

// keep reads the files, while everything can be read. It is nil without any.
func (t *TLS) keep(from *upgrade.Upgrader, log *report.Log) (*tlsserve.Keeper, error) {
	if !t.any() {
		return nil, nil
	}
	inherited := map[string]*os.File{}
	for _, path := range t.Files.All() {
		if f := from.File(tlsFile + path); f != nil {
			inherited[path] = f
		}
	}
	k, doubts, err := tlsserve.NewKeeper(t.Options, t.Files, inherited)
	sayDoubts(log, doubts)
	return k, exit.With(exit.Local, err)
}

// sayDoubts says what is odd about certificates that are used nonetheless.
func sayDoubts(log *report.Log, doubts []error) {
	for _, err := range doubts {
		log.Error("tls", err)
	}
}

// reloadTLS reads the files again. What was in force stays so if they are bad.
func (s *Server) reloadTLS() {
	if s.keeper == nil {
		return
	}
	doubts, err := s.keeper.Reload()
	if err != nil {
		s.cfg.Log.Error("reload tls", err)
		return
	}
	sayDoubts(s.cfg.Log, doubts)
	s.cfg.Log.Event("reload", slog.String("tls", strings.Join(s.cfg.TLS.Files.Certs, ",")))
}

// renewTickets makes a new key of session tickets, now and then.
func (s *Server) renewTickets() {
	if s.keeper != nil {
		s.loop.After(tlsserve.Rotation, func() {
			s.keeper.Rotate()
			s.renewTickets()
		})
	}
}

// sayFailure writes the closing record of a connection that TLS has ended, but not
// those of all that somebody makes who goes on and on.
func (s *Server) sayFailure(c *run.Conn, e *run.Ending) {
	few, first := s.failures.note(c.Socket, admit.Cause(e.Reason.String()))
	if few {
		s.cfg.Log.Event("close", e.Attrs(s.cfg.handlerName())...)
	}
	if first {
		s.loop.After(rejectInterval, s.failures.sum)
	}
}

// handOverTLS adds the files that are open to those that a successor gets, which may
// have no right to open them.
func (s *Server) handOverTLS(files upgrade.Files) error {
	if s.keeper == nil {
		return nil
	}
	for path, f := range s.keeper.Files() {
		if err := files.AddFile(tlsFile+path, f); err != nil {
			return err
		}
	}
	return nil
}

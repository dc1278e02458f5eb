package server

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"nettool/internal/admit"
	"nettool/internal/cdb"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/inquiry"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/tcprules"
	"nettool/internal/ucspi"
)

// Clients says what is found out about a client after its address was let in, and before
// its connection is run.
type Clients struct {
	LookUp    handoff.Names // what is looked up, if anything
	LocalHost handoff.Word  // what programs have for TCPLOCALHOST, in place of a name that is looked up

	Database    string // rules that go by names, too (tcprules(1), compiled), or empty
	LaxDatabase bool   // without that file, all may come in
	Banner      string // is sent first of all

	KillOptions bool // an IP source route of the client's is not taken back (ip(7), IP_OPTIONS)
}

// DefaultLookUpTime is how long looking up may take, as with tcpserver(1).
const DefaultLookUpTime = 26 * time.Second

// LooksUp reports whether anything is looked up.
func (c *Clients) LooksUp() bool {
	return c.LookUp.Host || c.LookUp.Info || c.LookUp.LocalHost
}

// any reports whether there is anything to do.
func (c *Clients) any() bool {
	return c.LooksUp() || c.LocalHost.Known || c.Database != "" || c.Banner != "" || c.KillOptions
}

// meetings are with clients of whom something is found out now: each has a place.
type meetings struct {
	inquiry  *inquiry.Inquiry // nil if nothing is looked up
	database *tcprules.Database
	open     map[*loop.Socket]admit.Ticket
}

// newMeetings prepares for clients.
func (s *Server) newMeetings() (m meetings, err error) {
	c := &s.cfg.Clients
	m.open = map[*loop.Socket]admit.Ticket{}
	if c.Database != "" {
		m.database = &tcprules.Database{Path: c.Database, Lax: c.LaxDatabase}
	}
	if c.LooksUp() {
		m.inquiry, err = inquiry.New(s.loop, c.LookUp, s.cfg.Environ, s.Short)
	}
	return m, exit.With(exit.Local, err)
}

func (m *meetings) close() {
	m.inquiry.Close()
	m.database.Close()
}

// meet finds out about a client.
func (s *Server) meet(sock *loop.Socket, ticket admit.Ticket) {
	c := &s.cfg.Clients
	if !sock.Greet(c.Banner, c.KillOptions) {
		s.part(sock, ticket, admit.Banner)
		return
	}
	if s.meetings.inquiry == nil || !sock.Remote.Addr.IsValid() {
		s.met(sock, ticket, handoff.Named{})
		return
	}
	s.meetings.open[sock] = ticket
	s.meetings.inquiry.Ask(sock.Local.Addr, sock.Remote.Addr, func(named handoff.Named) {
		if _, open := s.meetings.open[sock]; open {
			delete(s.meetings.open, sock)
			s.met(sock, ticket, named)
		}
	})
}

// met decides about a client of whom is known what can be.
func (s *Server) met(sock *loop.Socket, ticket admit.Ticket, named handoff.Named) {
	if host := s.cfg.Clients.LocalHost; host.Known {
		named.LocalHost = host
	}
	if db := s.meetings.database; db != nil && sock.Remote.Addr.IsValid() {
		rule, err := db.Find(peerOf(sock, &named))
		switch {
		case err != nil:
			s.part(sock, ticket, admit.BadRules, slog.String("error", unreadable(db.Path, err)))
			return
		case rule.Deny:
			s.part(sock, ticket, admit.Deny, run.NameAttrs(&named)...)
			return
		}
		ticket.Env = slices.Concat(ticket.Env, slices.DeleteFunc(rule.Env, func(kv string) bool { return !strings.Contains(kv, "=") }))
	}
	s.admit(sock, ticket, false, named)
}

// unreadable says, in the words of tcpserver(1), that rules cannot be read.
func unreadable(path string, err error) string {
	reason := ucspi.Reason(err)
	if _, broken := errors.AsType[*cdb.FormatError](err); broken {
		reason = "protocol error"
		if info, err := os.Stat(path); err == nil && info.Size() == 0 {
			reason = "invalid argument" // mmap(2) says so
		}
	}
	return "unable to read " + path + ": " + reason
}

// part turns away a client that has a place.
func (s *Server) part(sock *loop.Socket, ticket admit.Ticket, cause admit.Cause, more ...slog.Attr) {
	s.admission.leave(ticket)
	s.rejected(sock, cause, more...)
	s.loop.Refuse(sock, s.refusal(sock), true)
}

// partAll turns away all of whom something is found out still.
func (s *Server) partAll() {
	for sock, ticket := range s.meetings.open {
		delete(s.meetings.open, sock)
		s.admission.leave(ticket)
		sock.Close()
	}
}

// peerOf is what rules go by.
func peerOf(sock *loop.Socket, named *handoff.Named) tcprules.Peer {
	ip := text(sock.Remote.Addr.Addr())
	p := tcprules.Peer{IP: &ip}
	if named.Host.Known {
		p.Host = &named.Host.Text
	}
	if named.Info.Known {
		p.Info = &named.Info.Text
	}
	return p
}

func text(ip netip.Addr) string { return ip.Unmap().WithZone("").String() }

// CheckClients reports what cannot be found out of some clients.
func (c *Config) CheckClients() error {
	switch {
	case !c.Clients.LooksUp():
		return nil
	case c.Proxy.any():
		return exit.Errorf(exit.Usage, "--resolve and --ident go by who connects, which a PROXY header changes: not with --proxy-protocol")
	case c.Handler == "stdio":
		return exit.Errorf(exit.Usage, "--resolve and --ident are for programs: not with --handler stdio")
	}
	return nil
}

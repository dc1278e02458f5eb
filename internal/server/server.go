package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/depot"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/server/status"
	"nettool/internal/server/supervise"
	"nettool/internal/server/talk"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
	"nettool/internal/stage"
	"nettool/internal/tlsserve"
)

// Server is the parent. All its state belongs to its loop.
type Server struct {
	cfg       *Config
	loop      *loop.Loop
	runner    run.Runner
	admission *admission
	listeners []*listener
	talks     *talk.Talks // of datagrams, or nil
	conns     map[uint64]*run.Conn
	lastID    uint64
	anonymous int        // of them, whose PROXY header was not read yet
	last      run.Ending // of the connection that ended last, for --once

	accepting accepting
	meetings  meetings
	orphans   orphans
	phase     phase
	asked     bool // a signal has told it to end
	leaving   bool // it will drain in a moment
	failure   error

	failures   rejects // of TLS
	counts     *status.Counts
	history    status.History
	pages      *status.Pages
	agent      *status.Agent
	supervisor *supervise.Supervisor
	upgrader   *upgrade.Upgrader
	keeper     *tlsserve.Keeper // of what TLS takes, or nil
	backends   *backends        // of forwarded connections, or nil
	depot      *depot.Depot     // of received files, or nil
	deputy     *stage.Deputy    // starts programs when we may not, or nil
	childUser  childUser
	told       int           // connections that the successor knows of
	stopped    chan struct{} // the loop has ended
}

// listener is a listening socket with the name under which a successor gets it.
type listener struct {
	*loop.Listener
	name string
}

// Run serves until a signal, or --once or --max-total, ends it. The error
// carries the exit code; nil is an end after a complete drain. signals brings
// those that the server acts upon.
func Run(ctx context.Context, cfg *Config, signals <-chan os.Signal) (err error) {
	keepDescriptors()
	s := &Server{cfg: cfg, conns: map[uint64]*run.Conn{}, told: -1, counts: status.NewCounts(cfg.Admin != nil), stopped: make(chan struct{})}
	if s.accepting.batch, err = fitDescriptors(cfg); err != nil {
		return err
	}
	s.accepting.rejects = rejects{log: cfg.Log, event: "rejects", key: "cause"}
	s.failures = rejects{log: cfg.Log, event: "closes", key: "reason"}
	if s.admission, err = newAdmission(cfg, upgrade.Succeeds()); err != nil {
		return err
	}
	if s.loop, err = loop.New(cfg.model() == inProcess && !cfg.HasDatagrams()); err != nil {
		return exit.With(exit.Local, err)
	}
	defer s.loop.Close()
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.supervisor.Close()
	defer s.closeListeners()
	defer s.closeTalks()
	if err := s.admission.rereadable(); err != nil {
		cfg.Log.Error("rules", err)
	}
	if err := s.prepare(); err != nil {
		return err
	}
	defer s.runner.Close()
	defer s.keeper.Close()
	defer s.backends.close()
	defer s.depot.Close()
	defer s.meetings.close()
	return s.serve(signals)
}

// open opens all that needs rights, then gives the rights up.
func (s *Server) open(ctx context.Context) (err error) {
	identity, err := supervise.LookUp(s.cfg.User, s.cfg.Group)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	if s.upgrader, err = upgrade.New(s.cfg.Log); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	pidFile := s.upgrader.File(supervise.PIDFile)
	if s.supervisor, err = supervise.New(s.cfg.Log, s.cfg.PIDFile, pidFile, s.upgrader.Succeeds()); err != nil {
		s.closeListeners()
		return exit.With(exit.Local, err)
	}
	about := status.About{Handler: s.cfg.handlerName(), Model: s.cfg.model(), Log: s.cfg.Log}
	if s.pages, err = s.cfg.Admin.Open(ctx, about, s.upgrader); err == nil {
		s.deputy, err = s.cfg.appoint(identity)
	}
	if err == nil {
		s.agent, err = status.OpenAgent(ctx, s.cfg.Agent, s.upgrader)
	}
	if err == nil {
		s.keeper, err = s.cfg.TLS.keep(s.upgrader, s.cfg.Log)
	}
	if err == nil {
		s.childUser, err = s.cfg.lookUpChildren(identity)
	}
	if err == nil {
		err = exit.With(exit.Local, identity.Assume())
	}
	if err != nil {
		s.keeper.Close()
		dismiss(s.deputy)
		dismiss(s.childUser.deputy)
		s.agent.Close()
		s.pages.Close()
		s.supervisor.Close()
		s.closeListeners()
	}
	return err
}

// listen opens the listeners of all addresses, or none.
func (s *Server) listen(ctx context.Context) error {
	s.talks = s.newTalks()
	if link := s.upgrader.File(talk.LinkName); s.talks != nil && link != nil {
		if err := s.talks.Inherit(link); err != nil {
			return err
		}
	}
	for _, a := range s.cfg.Addrs {
		if a.Packet() {
			if err := s.listenPacket(ctx, a); err != nil {
				s.closeListeners()
				return err
			}
			continue
		}
		some, err := s.upgrader.Listen(ctx, "listen", a, s.cfg.Options)
		for i := range some {
			if err == nil {
				err = s.add(some[i], a.TLS)
			} else {
				some[i].Close()
			}
		}
		if err != nil {
			s.closeListeners()
			return err
		}
	}
	return nil
}

// add takes over one listener, also when it fails.
func (s *Server) add(l upgrade.Listener, tls bool) error {
	if s.cfg.blindTimers() && l.Addr().Network() == "unix" {
		l.Close()
		return exit.Errorf(exit.Usage, "--first-byte and --idle see a program's bytes over TCP only, not over unix sockets; --max-time works")
	}
	if err := s.cfg.CheckSources(l.Addr().Network() == "unix"); err != nil {
		l.Close()
		return err
	}
	ln, err := s.loop.Listen(l.Listener, s.accept)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	ln.TLS = tls
	s.listeners = append(s.listeners, &listener{ln, l.Name})
	return nil
}

// blindTimers reports whether there are timers that cannot see a program's bytes
// but over TCP.
func (c *Config) blindTimers() bool {
	return len(c.Program) > 0 && (c.Limits.FirstByte > 0 || c.Limits.Idle > 0)
}

// prepare makes the runner.
func (s *Server) prepare() (err error) {
	if s.backends, err = s.newBackends(); err == nil {
		s.depot, err = s.newDepot()
	}
	if err == nil {
		s.meetings, err = s.newMeetings()
	}
	if err == nil {
		s.runner, err = s.newRunner()
	}
	if err != nil {
		s.meetings.close()
		s.backends.close()
		s.depot.Close()
		dismiss(s.deputy)
		s.agent.Close()
		s.pages.Close()
		if _, coded := errors.AsType[*exit.Error](err); coded {
			return err
		}
		return exit.With(exit.Local, err)
	}
	s.accepting.reserve = newReserve()
	return nil
}

// serve runs the loop until the server has ended.
func (s *Server) serve(signals <-chan os.Signal) error {
	defer s.accepting.reserve.close()
	stop := make(chan struct{})
	defer close(stop)
	go s.relaySignals(signals, stop)
	s.pages.Start(s)
	defer s.pages.Close()
	defer s.agent.Close()
	defer close(s.stopped)
	if err := s.runner.Warm(s.ready); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := s.loop.Run(s.finished, s.settle); err != nil {
		return exit.With(exit.Local, err)
	}
	return s.result()
}

// ready begins to accept: the listeners are open and the spares are warm.
func (s *Server) ready() {
	if !s.enter(serving) {
		return
	}
	s.beat()
	s.followRules()
	s.renewTickets()
	s.sample()
	s.depot.Start()
	s.adopt()
	s.agent.Start(s)
	err := s.talks.Start()
	if err == nil {
		err = s.announce()
	}
	if err != nil {
		s.fail(exit.With(exit.Local, err))
	}
}

// followRules looks after the rules file, now and every second.
func (s *Server) followRules() {
	if s.cfg.Rules.File != "" {
		s.admission.follow(time.Now())
		s.loop.After(time.Second, s.followRules)
	}
}

// announce logs where the server listens and how it runs connections, and tells
// whoever waits for that.
func (s *Server) announce() error {
	if err := s.supervisor.Ready(s.Listening()); err != nil {
		return err
	}
	attrs := []slog.Attr{
		slog.String("local", strings.Join(s.Listening(), ",")),
		slog.String("handler", s.cfg.handlerName()),
		slog.String("model", s.cfg.model()),
		slog.Int("pid", os.Getpid()),
		slog.Int("max_conns", s.cfg.Admission.MaxConns),
	}
	if admin := s.pages.Addrs(); admin != nil {
		attrs = append(attrs, slog.String("admin", strings.Join(admin, ",")))
	}
	if agent := s.agent.Addrs(); agent != nil {
		attrs = append(attrs, slog.String("agent", strings.Join(agent, ",")))
	}
	s.cfg.Log.Event("listening", attrs...)
	if err := s.cfg.Ready(s.addrs()); err != nil {
		return err
	}
	s.upgrader.Ready()
	return nil
}

// addrs are the addresses of all sockets: streams first.
func (s *Server) addrs() []net.Addr {
	addrs := make([]net.Addr, len(s.listeners))
	for i, l := range s.listeners {
		addrs[i] = l.Addr
	}
	for _, b := range s.talks.Boxes() {
		addrs = append(addrs, b.Addr)
	}
	return addrs
}

// Listening is where the server listens.
func (s *Server) Listening() []string {
	addrs := s.addrs()
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = socket.Text(a)
	}
	return texts
}

// admit has a connection run that was let in, or, if a header comes first, was let
// in so far.
func (s *Server) admit(sock *loop.Socket, ticket admit.Ticket, header bool, named handoff.Named) {
	s.lastID++
	c := &run.Conn{Socket: sock, ID: s.lastID, Accepted: handoff.Now(), Ticket: ticket, Anonymous: header, Named: named, TCP6: s.cfg.TCP6, Relayed: s.cfg.relays(sock.TLS)}
	s.conns[c.ID] = c
	s.backends.choose(c)
	if header {
		s.anonymous++
		s.runner.Run(c)
		return
	}
	s.counts.Admitted++
	s.runner.Run(c)
	s.countDown()
}

// countDown takes no more connections after the last one.
func (s *Server) countDown() {
	if last := s.cfg.last(); last > 0 && s.counts.Admitted >= last {
		s.enter(draining)
	}
}

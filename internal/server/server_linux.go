package server

import (
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// runner is a way to run connections in processes. Its methods are called in
// the event loop, and call server.ended there, once for each connection.
type runner interface {
	// warm prepares; ready is called once connections can be run.
	warm(ready func()) error
	// run takes over an admitted connection and its descriptor. It happens at
	// the next flush: what came in together is started together.
	run(c *conn)
	flush()
	// signal sends sig to the process group that has the connection.
	signal(c *conn, sig unix.Signal)
	// collect ends the connections whose processes are done with them, and which
	// the loop has not heard of yet.
	collect()
	// inspect calls visit for each connection with what is known about it now.
	inspect(visit func(c *conn, l live))
	// gauge fills in how many processes there are, by state.
	gauge(g *gauges)
	// retire ends what is idle. Connections go on.
	retire()
	// stuck reports whether no connection can be run for a while, for lack of
	// processes or memory.
	stuck() bool
	// processes is how many processes are not reaped yet.
	processes() int
	// close ends the runner's goroutines.
	close()
}

// server is the parent in the process models. All its state belongs to the
// event loop.
type server struct {
	cfg       *Config
	loop      *loop
	runner    runner
	listeners []*listener
	door      *door
	reserve   reserve
	conns     map[uint64]*conn
	lastID    uint64
	admitted  int

	accepting acceptState
	lifecycle lifecycle
	last      ending // of the connection that ended last, for --once

	counts  counts
	stopped chan struct{} // the loop has ended
}

// serveProcesses runs the server until it has ended, and returns what it ends
// with.
func serveProcesses(cfg *Config, d *door, listeners []net.Listener, signals <-chan os.Signal) error {
	if len(cfg.Program) > 0 {
		keepProcessors()
	}
	keepThreads()
	l, err := newLoop()
	if err != nil {
		closeListeners(listeners)
		return exit.With(exit.Local, err)
	}
	defer l.close()
	s := &server{cfg: cfg, loop: l, door: d, reserve: newReserve(), conns: map[uint64]*conn{}, counts: newCounts(cfg), stopped: make(chan struct{})}
	if err := s.listen(listeners); err != nil {
		return exit.With(exit.Local, err)
	}
	defer s.closeListeners()
	defer s.reserve.close()
	if s.runner, err = newRunner(s); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := s.runner.warm(s.ready); err != nil {
		return exit.With(exit.Local, err)
	}
	defer s.runner.close()
	stop := make(chan struct{})
	defer close(stop)
	go s.relaySignals(signals, stop)
	cfg.desk.open(s)
	defer cfg.desk.close()
	defer close(s.stopped)
	if err := l.run(s.finished, s.settle); err != nil {
		return exit.With(exit.Local, err)
	}
	return s.result()
}

func newRunner(s *server) (runner, error) {
	if len(s.cfg.Program) > 0 {
		return newProgramRunner(s)
	}
	return newPool(s)
}

// listen takes the descriptors out of the listeners.
func (s *server) listen(listeners []net.Listener) error {
	for i, nl := range listeners {
		addr := nl.Addr()
		fd, remove, err := socket.Detach(nl)
		if err != nil {
			closeListeners(listeners[i:])
			s.closeListeners()
			return fmt.Errorf("listen %s: %w", addr, err)
		}
		local, fixed := fixedLocal(addr)
		s.listeners = append(s.listeners, &listener{fd: fd, addr: addr, remove: remove, local: local, fixed: fixed})
	}
	return nil
}

// ready starts accepting: the listeners are open and the spares are warm.
func (s *server) ready() {
	if s.lifecycle.ready || s.lifecycle.draining {
		return
	}
	s.lifecycle.ready = true
	s.beat()
	var addrs []net.Addr
	for _, l := range s.listeners {
		addrs = append(addrs, l.addr)
	}
	if err := announce(s.cfg, addrs); err != nil {
		s.fail(err)
	}
}

// admit runs a connection that was let in.
func (s *server) admit(fd int, remote, local peer, ticket admit.Ticket) {
	s.lastID++
	s.admitted++
	s.counts.admitted++
	c := &conn{id: s.lastID, fd: fd, remote: remote, local: local, accepted: handoff.Now(), ticket: ticket}
	s.conns[c.id] = c
	s.runner.run(c)
	if s.lastAdmitted() {
		s.drain(0)
	}
}

// ended frees a connection's slot and writes its closing line. The runner has
// closed, or given away, the descriptor.
func (s *server) ended(c *conn, e ending) {
	if _, ok := s.conns[c.id]; !ok {
		return
	}
	delete(s.conns, c.id)
	s.loop.cancel(c.guard)
	s.door.Leave(c.ticket, time.Now())
	s.last = e
	s.counts.ended(&e)
	s.cfg.Log.Event("close", e.attrs(s.cfg.handlerName())...)
}

// opened notes that a process has the connection now.
func (s *server) opened(c *conn) {
	s.counts.opened(c.accepted)
	s.cfg.Log.Detail("open", c.openAttrs(s.cfg.handlerName())...)
}

package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"nettool/internal/admit"
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// inProcess is the threaded model: built-in handlers as goroutines of this
// process.
type inProcess struct {
	cfg       *Config
	handle    handler.Func
	listeners []net.Listener

	acceptors sync.WaitGroup
	handlers  sync.WaitGroup

	mu       sync.Mutex
	freed    *sync.Cond // a slot was freed, or the server is leaving
	door     *door
	live     map[uint64]*session
	lastID   uint64
	full     fullness
	lack     lack
	reserve  reserve // taken when there are no descriptors
	draining bool    // no more than the backlog comes in
	leaving  bool    // nothing comes in
	signaled bool
	last     ending
	failure  error
	counts   counts
}

// session is one connection of the in-process model.
type session struct {
	id       uint64
	conn     handler.StreamConn
	accepted time.Time
	ticket   admit.Ticket
	in, out  atomic.Int64
	drained  bool // we ended it
}

// backlogTime is how long a listener that drains waits for one more connection.
const backlogTime = 50 * time.Millisecond

func serveInProcess(cfg *Config, d *door, listeners []net.Listener, signals <-chan os.Signal) error {
	run, ok := handler.Lookup(cfg.Handler)
	if !ok {
		closeListeners(listeners)
		return exit.Errorf(exit.Usage, "handler %q: there is no such handler", cfg.Handler)
	}
	s := &inProcess{cfg: cfg, handle: run, listeners: listeners, door: d, live: map[uint64]*session{}, counts: newCounts(cfg)}
	s.freed = sync.NewCond(&s.mu)
	if cfg.Reject {
		s.reserve = newReserve()
		defer s.reserve.close()
	}
	if err := announce(cfg, addrsOf(listeners)); err != nil {
		closeListeners(listeners)
		return err
	}
	cfg.desk.open(s)
	defer cfg.desk.close()
	for _, l := range listeners {
		s.acceptors.Go(func() { s.acceptFrom(l) })
	}
	s.untilOver(signals)
	return logExit(cfg, s.result(), int(s.lastID))
}

// acceptFrom takes connections from one listener until it is closed, or until
// its backlog is empty while draining.
func (s *inProcess) acceptFrom(l net.Listener) {
	defer l.Close()
	var backoff time.Duration
	for s.awaitRoom() {
		conn, err := l.Accept()
		switch {
		case err == nil:
			backoff = 0
			s.admit(conn)
		case isClosed(err) || errors.Is(err, os.ErrDeadlineExceeded):
			return
		case exhaustion(err):
			backoff = s.short(l, err, backoff)
		case errors.Is(err, syscall.ECONNABORTED):
		default:
			s.fail(err)
			return
		}
	}
}

// awaitRoom waits for a slot, unless connections are refused or drained
// without one. It returns false when the server is leaving.
func (s *inProcess) awaitRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.door.Full() && !s.cfg.Reject && !s.draining && !s.leaving {
		s.full.enter(s.cfg.Log, s.door.Live())
		s.freed.Wait()
	}
	return !s.leaving
}

// admit runs a connection, once there is a slot for it, or refuses it.
func (s *inProcess) admit(c net.Conn) {
	conn, ok := c.(handler.StreamConn)
	if !ok {
		c.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.door.Full() && !s.cfg.Reject && !s.leaving {
		s.full.enter(s.cfg.Log, s.door.Live())
		s.freed.Wait()
	}
	if s.leaving {
		conn.Close()
		return
	}
	ticket, cause := s.door.enter(source(c.RemoteAddr()))
	if cause != admit.None {
		s.refuse(conn, cause)
		return
	}
	s.lastID++
	s.counts.admitted++
	ses := &session{id: s.lastID, conn: conn, accepted: time.Now(), ticket: ticket}
	s.live[ses.id] = ses
	s.cfg.Log.Detail("open", slog.Uint64("id", ses.id), slog.String("remote", AddrText(c.RemoteAddr())),
		slog.String("local", AddrText(c.LocalAddr())), slog.String("handler", s.cfg.Handler), slog.Int("pid", 0))
	s.handlers.Go(func() { s.serve(ses) })
	if s.cfg.Once || (s.cfg.MaxTotal > 0 && int(s.lastID) >= s.cfg.MaxTotal) {
		s.leaving = true
		closeListeners(s.listeners)
		s.freed.Broadcast()
	}
}

// refuse turns a connection away. s.mu is held.
func (s *inProcess) refuse(conn handler.StreamConn, cause admit.Cause) {
	if cause == admit.Full {
		s.full.enter(s.cfg.Log, s.door.Live())
	}
	s.counts.rejected[cause]++
	logReject(s.cfg.Log, AddrText(conn.RemoteAddr()), AddrText(conn.LocalAddr()), cause)
	s.handlers.Go(func() { sayNoTo(conn, s.cfg.RejectMessage) })
}

// goodbye bounds the time that a refused connection takes.
const goodbye = time.Second

// sayNoTo sends the message, ends our side, drops what the client has sent, since
// closing with unread input would reset the message away, and closes.
func sayNoTo(conn handler.StreamConn, message string) {
	defer conn.Close()
	if message == "" {
		return
	}
	conn.SetDeadline(time.Now().Add(goodbye))
	if _, err := conn.Write([]byte(message)); err == nil && conn.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
	}
}

// serve is a connection's goroutine.
func (s *inProcess) serve(ses *session) {
	conn := handler.Timed(ses.conn, s.cfg.Limits, ses.accepted)
	err := s.handle(&handler.Session{Conn: conn, QuitOn: s.cfg.QuitOn, In: &ses.in, Out: &ses.out})
	s.ended(ses, ses.ending(err))
}

// ending is the closing record. The connection is still open.
func (ses *session) ending(err error) ending {
	e := ending{
		id:       ses.id,
		remote:   AddrText(ses.conn.RemoteAddr()),
		local:    AddrText(ses.conn.LocalAddr()),
		duration: time.Since(ses.accepted),
		counted:  true,
		bytesIn:  ses.in.Load(),
		bytesOut: ses.out.Load(),
		exit:     -1,
	}
	e.reason, e.err = handler.ReasonOf(err)
	if sc, ok := ses.conn.(syscall.Conn); ok {
		if info, ok := socket.Info(sc); ok {
			e.rtt, e.retrans = info.RTT, info.Retrans
		}
	}
	return e
}

// ended closes a connection and frees its slot. Whoever asks after the peer has
// seen the end finds it gone.
func (s *inProcess) ended(ses *session, e ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses.conn.Close()
	if ses.drained && !e.reason.Timer() {
		e.reason, e.err = handoff.Drain, ""
	}
	delete(s.live, ses.id)
	s.door.Leave(ses.ticket, time.Now())
	s.last = e
	s.counts.ended(&e)
	s.cfg.Log.Event("close", e.attrs(s.cfg.Handler)...)
	s.unfull()
	s.freed.Signal()
}

// unfull notes that a slot is free. s.mu is held.
func (s *inProcess) unfull() {
	if s.door.Full() || !s.full.leave(s.cfg.Log) {
		return
	}
	time.AfterFunc(steady, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unfull()
	})
}

// untilOver waits for the end: of all connections, once no more come in.
func (s *inProcess) untilOver(signals <-chan os.Signal) {
	over := make(chan struct{})
	go s.awaitAll(over)
	var grace <-chan time.Time
	beat, stop := s.cfg.herald.ticks()
	defer stop()
	for {
		select {
		case <-beat:
			s.cfg.herald.alive()
		case <-over:
			return
		case <-grace:
			s.closeAll()
		case sig := <-signals:
			if !ends(sig) {
				s.asked(sig)
				continue
			}
			if s.interrupted(sig) {
				return
			}
			grace = time.After(s.cfg.Grace)
		}
	}
}

// awaitAll waits for the acceptors, then for the handlers that they started.
func (s *inProcess) awaitAll(over chan<- struct{}) {
	s.acceptors.Wait()
	s.handlers.Wait()
	close(over)
}

// interrupted handles SIGTERM and SIGINT: the first drains, the second, or the
// first with --no-drain, ends at once.
func (s *inProcess) interrupted(sig os.Signal) (now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signaled {
		s.failure = exit.Status(exit.Signal(sig.(syscall.Signal)))
		return true
	}
	s.signaled = true
	if !s.draining && s.cfg.heir.stop() {
		s.handOver()
	}
	s.draining = true
	logDrain(s.cfg, len(s.live), sig)
	if s.cfg.NoDrain {
		return true
	}
	for _, l := range s.listeners {
		if d, ok := l.(interface{ SetDeadline(time.Time) error }); ok {
			d.SetDeadline(time.Now().Add(backlogTime))
		}
	}
	s.freed.Broadcast()
	return false
}

// closeAll ends the connections that the drain did not wait for.
func (s *inProcess) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	for _, ses := range s.live {
		ses.drained = true
		ses.conn.Close()
	}
	s.freed.Broadcast()
}

func (s *inProcess) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = exit.With(exit.Local, err)
	s.leaving = true
	closeListeners(s.listeners)
	s.freed.Broadcast()
}

func (s *inProcess) result() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full.end(s.cfg.Log)
	if s.failure != nil || !s.cfg.Once || s.signaled {
		return s.failure
	}
	return exit.Status(s.last.code())
}

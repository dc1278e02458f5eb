package server

import (
	"net"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/admit"
)

// listener is one listening socket, taken out of Go's poller.
type listener struct {
	fd     int
	addr   net.Addr
	remove func() error // deletes a unix socket's file
	local  peer         // of its connections, when fixed
	fixed  bool
	token  uint64 // of its watch
	polled bool
}

// acceptState is why the listeners are polled or not.
type acceptState struct {
	full      fullness
	exhausted bool // out of descriptors or memory: waiting
	backoff   time.Duration
	lack      lack
	backlog   []waiting // drain: accepted, no slot yet
}

// waiting is a connection that was accepted while draining and has no slot yet.
type waiting struct {
	fd            int
	remote, local peer
}

// acceptBatch bounds how many connections one listener brings in before the
// loop looks at anything else.
const acceptBatch = 64

// smallBatch is the same when descriptors are few: what was accepted and is not
// handed on yet takes one beside the child's.
const smallBatch = spawnQueue

func (c *Config) batch() int {
	if c.lowered {
		return smallBatch
	}
	return acceptBatch
}

// updatePolling polls the listeners if, and only if, connections can be taken.
func (s *server) updatePolling() {
	want := s.lifecycle.ready && !s.lifecycle.closed && !s.accepting.exhausted &&
		(s.cfg.Reject || !s.blocked())
	for _, l := range s.listeners {
		if want != l.polled {
			s.poll(l, want)
		}
	}
}

// blocked reports whether a connection that came in now could not be run.
func (s *server) blocked() bool { return s.door.Full() || s.runner.stuck() }

func (s *server) poll(l *listener, on bool) {
	if !on {
		s.loop.remove(l.fd, l.token)
		l.polled = false
		return
	}
	token, err := s.loop.add(l.fd, unix.EPOLLIN, func(uint32) { s.acceptSome(l) })
	if err != nil {
		s.exhausted("poll listener", err)
		return
	}
	l.token, l.polled = token, true
}

// acceptSome takes connections from a listener until it has no more, or the
// server takes no more.
func (s *server) acceptSome(l *listener) {
	for range s.cfg.batch() {
		if s.lifecycle.closed || s.accepting.exhausted || (!s.cfg.Reject && s.blocked()) {
			return
		}
		if !s.acceptOne(l) {
			return
		}
	}
}

// acceptOne takes one connection; more is false when there is none now.
func (s *server) acceptOne(l *listener) (more bool) {
	fd, sa, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC)
	if err != nil {
		return s.acceptFailed(l, err)
	}
	s.accepting.backoff = 0
	remote, local := peerOf(sa), s.localOf(l, fd)
	if s.cfg.Reject && s.runner.stuck() {
		s.refuse(fd, remote, local, admit.Resources)
	} else {
		s.letIn(fd, remote, local)
	}
	return true
}

// letIn runs the connection, or turns it away.
func (s *server) letIn(fd int, remote, local peer) {
	ticket, cause := s.door.enter(remote.addr.Addr())
	if cause != admit.None {
		s.refuse(fd, remote, local, cause)
		return
	}
	s.admit(fd, remote, local, ticket)
}

// localOf is the local address of a connection of l.
func (s *server) localOf(l *listener, fd int) peer {
	if l.fixed {
		return l.local
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return peer{text: AddrText(l.addr)}
	}
	return peerOf(sa)
}

// acceptFailed says whether to go on after accept4 failed with err.
func (s *server) acceptFailed(l *listener, err error) (more bool) {
	switch {
	case err == unix.EAGAIN:
		return false
	case spent(err) && s.cfg.Reject && s.turnAway(l):
		return true
	case exhaustion(err):
		s.exhausted("accept", err)
		return false
	case err == unix.EBADF || err == unix.EINVAL || err == unix.ENOTSOCK:
		s.fail(err)
		return false
	}
	return true // the connection died in the backlog (accept(2), "Error handling")
}

// exhausted stops accepting for a while.
func (s *server) exhausted(doing string, err error) {
	a := &s.accepting
	if a.exhausted {
		return
	}
	s.say(doing, err)
	a.backoff = longer(a.backoff)
	a.exhausted = true
	s.loop.after(a.backoff, func() { a.exhausted = false })
}

// say logs that something has run out, once until things have worked for a
// while.
func (s *server) say(doing string, err error) {
	if !s.accepting.lack.said(doing) {
		s.cfg.Log.Error(doing, err)
	}
}

// lastAdmitted reports whether the connection admitted last was the last of all.
func (s *server) lastAdmitted() bool {
	return s.cfg.Once || (s.cfg.MaxTotal > 0 && s.admitted >= s.cfg.MaxTotal)
}

// settle acts on what the turn of the loop has changed: what waits for a slot
// gets one, what was admitted is run, and the listeners are polled or not. The
// callbacks of a turn only note what happened, so none of them meets another
// half done.
func (s *server) settle() {
	a := &s.accepting
	for {
		for len(a.backlog) > 0 && !s.door.Full() && !a.exhausted {
			w := a.backlog[0]
			a.backlog = a.backlog[1:]
			s.letIn(w.fd, w.remote, w.local)
		}
		s.runner.flush()
		if len(a.backlog) == 0 || s.door.Full() || a.exhausted {
			break
		}
	}
	switch {
	case !s.door.Full():
		if a.full.leave(s.cfg.Log) {
			s.loop.after(steady, func() {}) // settle comes after it
		}
	case a.full.on:
		a.full.again()
	case !s.cfg.Reject && !s.lifecycle.draining:
		a.full.enter(s.cfg.Log, s.door.Live())
	}
	s.updatePolling()
}

// closeListeners closes the listening sockets. Another process may hold the same
// sockets, so they are never shut down.
func (s *server) closeListeners() {
	for _, l := range s.listeners {
		if l.fd < 0 {
			continue
		}
		if l.polled {
			s.poll(l, false)
		}
		unix.Close(l.fd)
		l.fd = -1
		if l.remove != nil {
			if err := l.remove(); err != nil {
				s.cfg.Log.Error("remove socket file", err)
			}
		}
	}
}

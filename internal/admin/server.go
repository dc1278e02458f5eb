// Package admin answers a few GET and HEAD requests about the program that it is part
// of: a small HTTP/1.1 server of its own, since net/http would make the start of
// every child half a millisecond longer. It trusts no client: a request has a
// few seconds and a few kilobytes, there is one for a connection, and when too
// many connections are open the oldest one gives way.
package admin

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The limits of a client.
const (
	mostConns   = 16              // at the same time
	requestTime = 5 * time.Second // to send a request
	replyTime   = 5 * time.Second // to take the answer
	acceptPause = 100 * time.Millisecond
)

// Page answers a request for one path.
type Page func() Reply

// Server answers on its listeners.
type Server struct {
	Listeners []net.Listener  // owned by the server once it serves
	Pages     map[string]Page // by path
	// Find, when it is set, answers what Pages does not; ok is false for what is not
	// there. It may take its time.
	Find func(r *Request) (reply Reply, ok bool)
	// Most is how many connections there may be at the same time; zero is 16.
	Most int
	// Line, when it is set, is said to who connects, and nothing is asked: this is
	// no HTTP then.
	Line func() []byte
	// Allowed reports whether an address may ask; nil admits all. Unix sockets are
	// guarded by their mode.
	Allowed func(netip.Addr) bool
	// AnyName admits requests by a host name. Otherwise a Host field must be an
	// address, so that no page of the web can reach us by a name of its own. No
	// such page can reach a unix socket.
	AnyName bool

	mu      sync.Mutex
	open    []net.Conn // the oldest first
	closed  bool
	workers sync.WaitGroup
}

// Start begins to answer, in goroutines that end with Close.
func (s *Server) Start() {
	for _, l := range s.Listeners {
		s.workers.Go(func() { s.acceptFrom(l) })
	}
}

// Close ends all connections and waits for the goroutines.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.Listeners {
		_ = l.Close()
	}
	for _, c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.workers.Wait()
}

// acceptFrom is a listener's goroutine.
func (s *Server) acceptFrom(l net.Listener) {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors: the service needs them more
			if s.pause() {
				return
			}
		case !s.admits(c.RemoteAddr()):
			_ = c.Close()
		case s.enter(c):
			s.workers.Go(func() { s.serve(c) })
		}
	}
}

func (s *Server) pause() (over bool) {
	time.Sleep(acceptPause)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) admits(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return !ok || s.Allowed == nil || s.Allowed(t.AddrPort().Addr().Unmap())
}

// enter notes a connection; the oldest gives way when there are too many.
func (s *Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	if len(s.open) >= cmp.Or(s.Most, mostConns) {
		_ = s.open[0].Close()
		s.open = s.open[1:]
	}
	s.open = append(s.open, c)
	return true
}

func (s *Server) leave(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.open {
		if other == c {
			s.open = append(s.open[:i:i], s.open[i+1:]...)
			return
		}
	}
}

// serve is a connection's goroutine: one request, one answer.
func (s *Server) serve(c net.Conn) {
	defer s.leave(c)
	_ = c.SetReadDeadline(time.Now().Add(requestTime))
	reply, ok := s.reply(c)
	if !ok {
		return
	}
	_ = c.SetDeadline(time.Now().Add(replyTime))
	if _, err := c.Write(reply); err != nil {
		return
	}
	finish(c)
}

// reply is what a client gets. ok is false when there is nobody to answer any more.
func (s *Server) reply(c net.Conn) (reply []byte, ok bool) {
	if s.Line != nil {
		return s.Line(), true
	}
	return s.read(c)
}

// read reads one request and finds its answer. ok is false when there is nobody
// to answer any more.
func (s *Server) read(c net.Conn) (reply []byte, ok bool) {
	anyName := s.AnyName || c.LocalAddr().Network() == "unix"
	buf := make([]byte, 0, 1024)
	for {
		if len(buf) == cap(buf) {
			if len(buf) >= requestLimit {
				return plain(431, "the request is too long").bytes(true), true
			}
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := c.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if end := headerEnd(buf); end >= 0 {
			return s.answer(buf[:end], anyName), true
		}
		if err != nil {
			return nil, false
		}
	}
}

// answer is the reply to a whole header, as it is sent: without its body when
// only its header was asked for.
func (s *Server) answer(header []byte, anyName bool) []byte {
	r, err := parseRequest(header)
	switch {
	case errors.Is(err, errVersion):
		return plain(505, err.Error()).bytes(true)
	case err != nil:
		return plain(400, err.Error()).bytes(true)
	}
	return s.find(&r, anyName).bytes(r.method != "HEAD")
}

// find finds the answer to a request.
func (s *Server) find(r *request, anyName bool) Reply {
	switch page, ok := s.Pages[r.path]; {
	case !anyName && !isNumeric(r.host):
		return plain(403, "ask by address, not by name")
	case r.method != "GET" && r.method != "HEAD":
		return plain(405, "only GET and HEAD work here")
	case ok:
		return page()
	}
	if s.Find != nil {
		if reply, ok := s.Find(&Request{Path: r.path, Query: r.query, header: r.header}); ok {
			return reply
		}
	}
	return plain(404, "there is no such page")
}

// finish ends our side and drops what the client still sends: closing with
// unread input would reset the answer away.
func finish(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	var rest [1024]byte
	for range 64 {
		if _, err := c.Read(rest[:]); err != nil {
			return
		}
	}
}
